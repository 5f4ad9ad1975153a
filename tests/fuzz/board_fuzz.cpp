// Any bytes as a board: readers and a new writer survive them.
//
// The first byte chooses. Even: the rest lies over the board's memory, header
// and all. Odd: the rest is a list of changes (offset, two bytes; value, one) to
// a filled board, so that checksums are intact where nothing was changed.
#include <cstdlib>
#include <cstring>

#include "board/board.h"

namespace {

using namespace acme;

constexpr BoardShape kShape = {.slots = 4, .tokens = 8, .heap_bytes = 8192, .names = 8};
const char* const kNames[] = {"a.example.org", "b.example.org"};
const char* const kTokens[] = {"aaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbb"};

template <class T>
T required(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}

Bundle bundle() {
  Bundle bundle;
  bundle.key_der = Secret(std::string_view("a private key"));
  bundle.chain = {std::string(100, 'l'), std::string(80, 'i')};
  return bundle;
}

AlpnAnswer answer() {
  AlpnAnswer answer;
  answer.digest = std::string(32, 'd');
  answer.bundles.push_back(bundle());
  answer.bundles.push_back(bundle());
  return answer;
}

std::string filled_board() {
  UniqueFd fd = required(create_board(system_env(), kShape));
  BoardWriter writer = required(BoardWriter::attach(system_env(), fd.get()));
  for (std::uint32_t slot = 0; slot < 3; ++slot) (void)writer.publish(slot, bundle());
  for (const char* token : kTokens)
    (void)writer.put_token(token, std::string(token) + ".thumbprint");
  for (const char* name : kNames) (void)writer.put_challenge(name, answer());
  for (const char* name : kNames) (void)writer.put_name({1, name, 2, 1, name});
  (void)writer.publish_status("{}");
  std::string image(static_cast<std::size_t>(lseek(fd.get(), 0, SEEK_END)), '\0');
  if (pread(fd.get(), image.data(), image.size(), 0) < 0) std::abort();
  return image;
}

void change(std::string& image, const std::uint8_t* data, std::size_t size) {
  if (data[0] % 2 == 0) {
    std::memcpy(image.data(), data + 1, std::min(size - 1, image.size()));
    return;
  }
  for (std::size_t i = 1; i + 3 <= size; i += 3)
    image[(data[i] | data[i + 1] << 8) % image.size()] = static_cast<char>(data[i + 2]);
}

UniqueFd sealed(const std::string& image) {
  UniqueFd fd(system_env().memory_file("fuzz"));
  if (pwrite(fd.get(), image.data(), image.size(), 0) < 0) std::abort();
  fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  return fd;
}

void read_everything(const BoardReader& reader) {
  for (std::uint32_t slot = 0; slot < 5; ++slot) {
    reader.generation(slot);
    auto copy = reader.certificate(slot);
    if (copy) (void)decode_bundle(copy->bytes.span());
  }
  for (const char* token : kTokens) (void)reader.key_authorization(token);
  for (const char* name : kNames) (void)reader.challenge(name);
  for (const char* name : kNames) (void)reader.name(1, name);
  (void)reader.status();
}

void write_everything(BoardWriter& writer) {
  (void)writer.tokens();
  for (const char* token : kTokens) writer.remove_token(token);
  for (std::uint32_t slot = 0; slot < 5; ++slot) (void)writer.publish(slot, bundle());
  (void)writer.put_token(kTokens[0], std::string(kTokens[0]) + ".other");
  (void)writer.challenges();
  (void)writer.put_challenge("c.example.org", answer());
  writer.remove_challenge(kNames[0]);
  (void)writer.names();
  (void)writer.put_name({1, kNames[0], 3, 1, "another"});
  (void)writer.put_name({kAnySite, "192.0.2.1", 3, 1, "address"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string filled = filled_board();
  (void)decode_bundle({data, size});
  if (size == 0) return 0;
  std::string image = filled;
  change(image, data, size);
  UniqueFd fd = sealed(image);
  auto reader = BoardReader::map(system_env(), fd.get());
  if (!reader) return 0;
  read_everything(*reader);
  if (auto writer = BoardWriter::attach(system_env(), fd.get())) write_everything(*writer);
  read_everything(*reader);
  return 0;
}
