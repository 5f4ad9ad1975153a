// Any path and any server name that a client of the web server sends, looked up
// among pending challenges: only the very token or name that is there is answered.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "board/board.h"

namespace {

using namespace acme;

constexpr std::string_view kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
constexpr std::string_view kName = "www.example.org";

template <class T>
T required(Result<T> result) {
  if (!result) std::abort();
  return *std::move(result);
}

struct Board {
  Board() {
    BoardWriter writer = required(BoardWriter::attach(system_env(), fd.get()));
    if (!writer.put_token(kToken, std::string(kToken) + ".thumbprint")) std::abort();
    AlpnAnswer answer;
    answer.digest = std::string(32, 'd');
    answer.bundles.push_back({Secret(std::string_view("key")), {"certificate"}});
    if (!writer.put_challenge(kName, answer)) std::abort();
  }
  UniqueFd fd = required(create_board(system_env(), {2, 8, 65536}));
  BoardReader reader = required(BoardReader::map(system_env(), fd.get()));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Board board;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (bool(board.reader.key_authorization(text)) != (text == kToken)) std::abort();
  if (bool(board.reader.challenge(text)) != (text == kName)) std::abort();
  return 0;
}
