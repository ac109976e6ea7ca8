#include "tests/support/test_data.hpp"
