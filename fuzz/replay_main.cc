// Replays a corpus directory through a fuzz target, then the same inputs with a bounded number of
// deterministic mutations, so that the plain test suite exercises every parser on hostile bytes.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMutationsPerInputMax = 1'000;
constexpr size_t kMutationsMax = 20'000;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string mutate(std::string input, std::mt19937_64& random) {
  const size_t edits = 1 + random() % 4;
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = input.empty() ? 0 : random() % input.size();
    switch (random() % 5) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(random());
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << (random() % 8)));
        break;
      case 2: input.insert(at, 1, static_cast<char>(random())); break;
      case 3:
        if (!input.empty()) input.erase(at, 1 + random() % 8);
        break;
      default: input.insert(at, input.substr(at, random() % 16)); break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());  // a file system's order would make every machine's mutations its own
  std::vector<std::string> inputs = {""};
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (inputs.size() == 1) {
    std::fprintf(stderr, "no corpus found: give the corpus directory as the argument\n");
    return 1;
  }
  std::mt19937_64 random(20261121);
  const size_t mutations = std::min(kMutationsPerInputMax, kMutationsMax / inputs.size());
  for (const auto& input : inputs) {
    run(input);
    for (size_t i = 0; i < mutations; ++i) run(mutate(input, random));
  }
  std::printf("%zu inputs, %zu mutations\n", inputs.size(), inputs.size() * mutations);
  return 0;
}
