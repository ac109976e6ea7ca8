# Writes OUTPUT, a C++ source that defines ipw::embedded::NAME with the bytes of INPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <string_view>
namespace ipw::embedded {
namespace {
const unsigned char kBytes[] = {
${bytes}0};
}
extern const std::string_view ${NAME};
const std::string_view ${NAME}{reinterpret_cast<const char*>(kBytes), sizeof kBytes - 1};
}  // namespace ipw::embedded
")
