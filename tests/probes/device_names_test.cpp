#include "probes/device_names.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "probes/cpu_info.hpp"
#include "tests/support/test_data.hpp"

namespace ipw::probes {
namespace {

using namespace std::string_literals;

struct Case {
  std::string raw, name;
};

void expect_names(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    EXPECT_EQ(device_name(c.raw), c.name) << "of `" << c.raw << "`";
    EXPECT_EQ(device_name(c.name), c.name) << "a name that is one already";
  }
}

TEST(DeviceNames, NvidiaForServers) {
  expect_names({
      {"NVIDIA H200", "NVIDIA H200"},
      {"NVIDIA H200 NVL", "NVIDIA H200 NVL"},
      {"NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB"},
      {"NVIDIA H100 PCIe", "NVIDIA H100 PCIe"},
      {"NVIDIA H100 NVL", "NVIDIA H100 NVL"},
      {"NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB"},
      {"A100-SXM4-40GB", "NVIDIA A100 40GB"},
      {"NVIDIA A100-PCIE-40GB", "NVIDIA A100 40GB PCIe"},
      {"NVIDIA A100 80GB PCIe", "NVIDIA A100 80GB PCIe"},
      {"NVIDIA A100-SXM4-40GB MIG 1g.5gb", "NVIDIA A100 40GB MIG 1g.5gb"},
      {"NVIDIA A800-SXM4-80GB", "NVIDIA A800 80GB"},
      {"NVIDIA L40S", "NVIDIA L40S"},
      {"NVIDIA L4", "NVIDIA L4"},
      {"NVIDIA A10G", "NVIDIA A10G"},
      {"NVIDIA A40-48Q", "NVIDIA A40-48Q"},
      {"Tesla T4", "NVIDIA T4"},
      {"Tesla V100-SXM2-16GB", "NVIDIA V100 16GB"},
      {"Tesla V100-PCIE-32GB", "NVIDIA V100 32GB PCIe"},
      {"Tesla P100-PCIE-16GB", "NVIDIA P100 16GB PCIe"},
      {"Tesla K80", "NVIDIA K80"},
      {"NVIDIA GH200 480GB", "NVIDIA GH200 480GB"},
      {"NVIDIA GH200 144G HBM3e", "NVIDIA GH200 144GB"},
      {"NVIDIA B200", "NVIDIA B200"},
      {"NVIDIA GB200", "NVIDIA GB200"},
      {"NVIDIA Corporation GH100 [H100 SXM5 80GB]", "NVIDIA H100 80GB"},
  });
}

TEST(DeviceNames, NvidiaForDesks) {
  expect_names({
      {"NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090"},
      {"GeForce GTX 1080 Ti", "NVIDIA GeForce GTX 1080 Ti"},
      {"NVIDIA GeForce RTX 4070 Laptop GPU", "NVIDIA GeForce RTX 4070 Laptop"},
      {"GeForce RTX 2080 with Max-Q Design", "NVIDIA GeForce RTX 2080 Max-Q"},
      {"Quadro RTX 6000", "NVIDIA Quadro RTX 6000"},
      {"NVIDIA RTX A6000", "NVIDIA RTX A6000"},
      {"NVIDIA RTX 6000 Ada Generation", "NVIDIA RTX 6000 Ada"},
      {"NVIDIA RTX PRO 6000 Blackwell Server Edition", "NVIDIA RTX PRO 6000 Blackwell Server Edition"},
      {"TITAN V", "NVIDIA TITAN V"},
      {"NVIDIA GB10", "NVIDIA GB10"},
      {"GRID A100X-40C", "NVIDIA GRID A100X-40C"},
  });
}

TEST(DeviceNames, Jetsons) {
  expect_names({
      {"NVIDIA Jetson AGX Orin Developer Kit\0"s, "NVIDIA Jetson AGX Orin"},
      {"NVIDIA Jetson Orin NX Engineering Reference Developer Kit", "NVIDIA Jetson Orin NX"},
      {"NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", "NVIDIA Jetson Orin Nano Super"},
      {"NVIDIA Orin Nano Developer Kit", "NVIDIA Jetson Orin Nano"},
      {"NVIDIA Jetson Nano Developer Kit", "NVIDIA Jetson Nano"},
      {"NVIDIA Jetson Xavier NX Developer Kit", "NVIDIA Jetson Xavier NX"},
      {"Jetson-AGX", "NVIDIA Jetson AGX Xavier"},
  });
}

TEST(DeviceNames, AmdAndIntelGpus) {
  expect_names({
      {"AMD Instinct MI300X OAM", "AMD MI300X"},
      {"AMD Instinct MI300X", "AMD MI300X"},
      {"AMD INSTINCT MI300A", "AMD MI300A"},
      {"AMD Instinct MI250X / MI250", "AMD MI250X / MI250"},
      {"Arcturus GL-XL [Instinct MI100]", "AMD MI100"},
      {"AMD Radeon RX 7900 XTX", "AMD Radeon RX 7900 XTX"},
      {"Radeon RX 6800", "AMD Radeon RX 6800"},
      {"AMD Radeon(TM) 780M Graphics", "AMD Radeon 780M"},
      {"AMD Radeon Graphics", "AMD Radeon Graphics"},
      {"AMD Radeon Pro W7900", "AMD Radeon Pro W7900"},
      {"Advanced Micro Devices, Inc. [AMD/ATI] Navi 31 [Radeon RX 7900 XT]", "AMD Radeon RX 7900 XT"},
      {"Intel(R) Arc(TM) A770 Graphics", "Intel Arc A770"},
      {"Intel Corporation DG2 [Arc A770]", "Intel Arc A770"},
      {"Intel(R) Arc(TM) Graphics", "Intel Arc Graphics"},
      {"Intel(R) Iris(R) Xe Graphics", "Intel Iris Xe"},
      {"Intel(R) UHD Graphics 770", "Intel UHD Graphics 770"},
      {"Intel(R) Data Center GPU Max 1550", "Intel Data Center GPU Max 1550"},
      {"Intel(R) Data Center GPU Flex 170", "Intel Data Center GPU Flex 170"},
  });
}

TEST(DeviceNames, Cpus) {
  expect_names({
      {"Intel(R) Xeon(R) Platinum 8480+", "Intel Xeon Platinum 8480+"},
      {"INTEL(R) XEON(R) PLATINUM 8592+", "Intel Xeon Platinum 8592+"},
      {"Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", "Intel Xeon Gold 6338"},
      {"Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "Intel Xeon E5-2680 v4"},
      {"Intel(R) Xeon(R) Processor @ 2.90GHz", "Intel Xeon"},
      {"Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "Intel Core i7-1165G7"},
      {"11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "Intel Core i7-1165G7"},
      {"Intel(R) Core(TM) Ultra 7 155H", "Intel Core Ultra 7 155H"},
      {"Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz", "Intel Core 2 Duo E8400"},
      {"Intel\u00AE Core\u2122 i9-14900K", "Intel Core i9-14900K"},
      {"Intel(R) N100", "Intel N100"},
      {"Genuine Intel(R) CPU 0000 @ 2.60GHz", "Intel 0000"},
      {"AMD EPYC 9654 96-Core Processor", "AMD EPYC 9654"},
      {"AMD EPYC-Rome Processor", "AMD EPYC-Rome"},
      {"AMD Ryzen 9 7950X 16-Core Processor            ", "AMD Ryzen 9 7950X"},
      {"AMD Ryzen 7 7840U w/ Radeon  780M Graphics", "AMD Ryzen 7 7840U"},
      {"AMD Ryzen 7 5700G with Radeon Graphics", "AMD Ryzen 7 5700G"},
      {"AMD Ryzen AI MAX+ 395 w/ Radeon 8060S", "AMD Ryzen AI MAX+ 395"},
      {"AMD Ryzen Threadripper PRO 5995WX 64-Cores", "AMD Ryzen Threadripper PRO 5995WX"},
      {"AMD FX(tm)-8350 Eight-Core Processor", "AMD FX-8350"},
      {"AMD Opteron(tm) Processor 6376", "AMD Opteron 6376"},
      {"Hygon C86 7285 32-core Processor", "Hygon C86 7285"},
      {"Neoverse-N1", "Arm Neoverse N1"},
      {"NVIDIA Grace", "NVIDIA Grace"},
      {"Ampere(R) Altra(R) Max Processor", "Ampere Altra Max"},
      {"Apple M4 Max", "Apple M4 Max"},
      {"Apple M2 Ultra", "Apple M2 Ultra"},
  });
}

TEST(DeviceNames, WhatIsNotKnownStays) {
  expect_names({
      {"ACME Processor 3000 (rev 2)", "ACME Processor 3000 (rev 2)"},
      {"Raspberry Pi 5 Model B Rev 1.0", "Raspberry Pi 5 Model B Rev 1.0"},
      {"Loongson-3A5000", "Loongson-3A5000"},
      {"Board  X [beta]", "Board X [beta]"},
      {"13th", "13th"},
      {"NVIDIA", "NVIDIA"},
      {"Intel", "Intel"},
      {"AMD", "AMD"},
      {"Neoverse", "Arm Neoverse"},
  });
}

TEST(DeviceNames, NoTextIsTooHostile) {
  const std::string bad[] = {
      "",
      " ",
      "\t\r\n",
      "\0"s,
      "(R)",
      "[",
      "]",
      "[]",
      "[1]",
      "@",
      "w/ with Gen",
      "with Radeon",
      "1 Gen",
      "5th Gen",
      "-",
      "\xC2\x80\xC2\x9F",
      "\xFF\xFE\x80",
      "NVIDIA H200\xC3",
      "AMD \xE2\x84",
      "Intel(R",
      "GPU\x1B[31mred",
      std::string(100000, 'x'),
      std::string(100000, '\x80'),
      std::string(100000, ' ') + "x",
  };
  for (const auto& raw : bad) {
    const auto name = device_name(raw);
    EXPECT_FALSE(name.empty());
    EXPECT_LE(name.size(), 84U);
    EXPECT_EQ(valid_utf8(name), name);
    for (const char c : name) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << name;
  }
  EXPECT_EQ(device_name("\t\r\n"), "unknown");
  EXPECT_EQ(device_name("NVIDIA\nH200"), "NVIDIA H200");
  EXPECT_EQ(device_name("NVIDIA H200\xC3"), "NVIDIA H200\uFFFD");
}

TEST(CpuModel, IsWhatTheMachineSays) {
  struct Machine {
    const char* name;
    std::string cpuinfo, board, vendor;
    const char* model;
  } const machines[] = {
      {"x86", "processor\t: 0\nmodel name\t: AMD EPYC 9654 96-Core Processor\n", "", "", "AMD EPYC 9654"},
      {"the first socket", "model name\t:\nmodel name\t: Intel(R) N100\nmodel name\t: other\n", "", "", "Intel N100"},
      {"Graviton 2", "CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "", "Amazon EC2", "Arm Neoverse N1"},
      {"Graviton 3", "CPU implementer\t: 0x41\nCPU part\t: 0xd40\n", "", "Amazon EC2", "Arm Neoverse V1"},
      {"Graviton 4", "CPU implementer\t: 0x41\nCPU part\t: 0xd4f\n", "", "Amazon EC2", "Arm Neoverse V2"},
      {"Grace", "CPU implementer\t: 0x41\nCPU part\t: 0xd4f\n", "", "NVIDIA", "NVIDIA Grace"},
      {"AmpereOne", "CPU implementer\t: 0xc0\nCPU part\t: 0xac3\n", "", "", "AmpereOne"},
      {"the same part of another maker", "CPU implementer\t: 0x51\nCPU part\t: 0xd0c\n", "", "", "CPU"},
      {"a board", "CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n", "Raspberry Pi 5 Model B Rev 1.0\0"s, "",
       "Raspberry Pi 5 Model B Rev 1.0"},
      {"an old Jetson", "model name\t: ARMv8 Processor rev 1 (v8l)\nCPU implementer\t: 0x41\nCPU part\t: 0xd07\n",
       "NVIDIA Jetson Nano Developer Kit\0"s, "", "NVIDIA Jetson Nano"},
      {"a Xavier", "CPU implementer\t: 0x4e\nCPU part\t: 0x004\n", "NVIDIA Jetson Xavier NX Developer Kit\0"s, "",
       "NVIDIA Jetson Xavier NX"},
      {"nothing", "", "", "", "CPU"},
      {"garbage", "\0\xFF no colon\n:::\n: x\n"s, "", "", "CPU"},
  };
  for (const auto& m : machines) {
    const testing::TemporaryFolder root;
    root.write("proc/cpuinfo", m.cpuinfo);
    if (!m.board.empty()) root.write("proc/device-tree/model", m.board);
    if (!m.vendor.empty()) root.write("sys/class/dmi/id/sys_vendor", m.vendor + "\n");
    EXPECT_EQ(cpu_model(root.path()), m.model) << m.name;
  }
  const testing::TemporaryFolder empty;
  EXPECT_EQ(cpu_model(empty.path()), "CPU") << "no /proc";
}

}  // namespace
}  // namespace ipw::probes
