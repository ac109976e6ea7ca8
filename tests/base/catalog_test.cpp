#include "base/catalog.hpp"

#include <gtest/gtest.h>

namespace ipw {
namespace {

using Open = int (*)();
constexpr CatalogEntry<Open> kEntries[] = {{"rapl", [] { return 1; }, "powercap"},
                                           {"nvml", [] { return 2; }, "NVIDIA"}};
const Catalog<Open> catalog("source", kEntries);

TEST(Catalog, FindsByName) {
  const auto open = catalog.find("nvml");
  ASSERT_TRUE(open);
  EXPECT_EQ((*open)(), 2);
  EXPECT_EQ(catalog.entries().size(), 2U);
}

TEST(Catalog, SaysWhatThereIs) {
  const auto open = catalog.find("nvlm2");
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, Errc::invalid);
  EXPECT_EQ(open.error().message, "unknown source `nvlm2` (known: rapl, nvml)");
  EXPECT_EQ(catalog.find("rappl").error().message, "unknown source `rappl`, did you mean `rapl`? (known: rapl, nvml)");
}

}  // namespace
}  // namespace ipw
