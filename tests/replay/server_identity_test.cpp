#include "replay/server_identity.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ipw::replay {
namespace {

struct Case {
  const char* name;
  std::vector<const char*> pages;
  ServerIdentity identity;
};

TEST(ServerIdentity, IsReadFromEachServersOwnPages) {
  const Case cases[] = {
      {"llama.cpp",
       {R"({"build_info":"b4719-1d3","model_path":"/m/q4.gguf","chat_template":"{{ x }}","total_slots":4})",
        R"({"object":"list","data":[{"id":"/m/q4.gguf","owned_by":"llamacpp","created":17,
            "meta":{"n_params":8030261312,"size":4912898304}}]})"},
       {{"engine_version", "b4719-1d3"},
        {"model_path", "/m/q4.gguf"},
        {"chat_template", "e82e69617fde"},
        {"parameters", "8030261312"},
        {"model_bytes", "4912898304"}}},
      {"Ollama",
       {R"({"version":"0.5.7"})",
        R"({"models":[{"name":"other:1b","digest":"00"},{"name":"m:latest","digest":"46e0c10c039e",
            "details":{"parameter_size":"8.0B","quantization_level":"Q4_K_M"}}]})"},
       {{"engine_version", "0.5.7"},
        {"model_digest", "46e0c10c039e"},
        {"parameters", "8.0B"},
        {"quantization", "Q4_K_M"}}},
      {"vLLM",
       {R"({"version":"0.8.5"})",
        R"({"object":"list","data":[{"id":"m","created":1795182113,"root":"meta-llama/m","max_model_len":4096}]})"},
       {{"engine_version", "0.8.5"}, {"model_path", "meta-llama/m"}}},
      {"SGLang",
       {R"({"model_path":"m","version":"0.4.6","quantization":"fp8","dtype":"auto","random_seed":7})"},
       {{"engine_version", "0.4.6"}, {"model_path", "m"}, {"quantization", "fp8"}, {"dtype", "auto"}}},
      {"TGI",
       {R"({"model_id":"org/m","model_sha":"8afb","model_dtype":"torch.float16","version":"3.0.1"})"},
       {{"engine_version", "3.0.1"}, {"model_path", "org/m"}, {"model_digest", "8afb"}, {"dtype", "torch.float16"}}},
      {"another model's entry says nothing", {R"({"data":[{"id":"n","root":"x"}]})"}, {}},
      {"no JSON", {"Not Found", "", "[1,2]", "null"}, {}},
      {"other types", {R"({"version":{"major":1},"data":[null,7],"models":"m"})"}, {}},
  };
  for (const auto& [name, pages, expected] : cases) {
    ServerIdentity identity;
    for (const auto* page : pages) read_identity(page, "m", identity);
    EXPECT_EQ(identity, expected) << name;
  }
}

}  // namespace
}  // namespace ipw::replay
