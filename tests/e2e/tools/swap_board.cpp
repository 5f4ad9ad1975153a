// Publishes certificates to a running server's board, one after the other and
// far faster than a CA issues them. The keeper is to be stopped meanwhile: a
// board has one writer.
//
//   swap_board <the board, /proc/<keeper>/fd/4> <slot> <times> <milliseconds between> <chain>
//   <key>…
//
// Prints one line when it is done.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "board/board.h"
#include "crypto/cert.h"
#include "crypto/key.h"

namespace {

using namespace acme;

std::string text_of(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

Result<Bundle> bundle_of(const char* chain_file, const char* key_file) {
  Bundle bundle;
  ACME_TRY(bundle.chain, chain_from_pem(text_of(chain_file)));
  ACME_TRY(PrivateKey key, PrivateKey::from_pem(text_of(key_file)));
  ACME_TRY(bundle.key_der, key.der());
  return bundle;
}

Outcome swap(char** arguments, int count) {
  UniqueFd fd(::open(arguments[0], O_RDWR | O_CLOEXEC));
  if (!fd) return fail(Errc::io, std::string("cannot open ") + arguments[0]);
  const auto slot = static_cast<std::uint32_t>(std::atoi(arguments[1]));
  const int times = std::atoi(arguments[2]);
  const int pause = std::atoi(arguments[3]);
  std::vector<Bundle> bundles;
  for (int i = 4; i + 1 < count; i += 2) {
    ACME_TRY(Bundle bundle, bundle_of(arguments[i], arguments[i + 1]));
    bundles.push_back(std::move(bundle));
  }
  ACME_TRY(BoardWriter board, BoardWriter::attach(system_env(), fd.get()));
  const Millis began = system_env().boottime();
  for (int i = 0; i < times; ++i) {
    ACME_CHECK(board.publish(slot, bundles[static_cast<std::size_t>(i) % bundles.size()]));
    const Millis next = began + static_cast<Millis>(i + 1) * pause;
    const Millis left = next - system_env().boottime();
    if (left > 0) usleep(static_cast<useconds_t>(left * 1000));
  }
  std::printf("%d certificates published\n", times);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) return 2;
  auto done = swap(argv + 1, argc - 1);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
