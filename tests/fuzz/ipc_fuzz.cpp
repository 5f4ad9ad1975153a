// Any bytes on the socket between keeper and agent, or acmectl and keeper:
// frames are taken or refused; a message that is read is written as the same.
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>

#include "base/archive.h"
#include "ipc/channel.h"
#include "ipc/control.h"
#include "ipc/messages.h"

namespace {

using namespace acme;

constexpr std::size_t kFrameLimit = 4096;
constexpr std::size_t kInputLimit = 65536;  // fits a socket's buffer

template <class Message>
void read(const Frame& frame) {
  auto message = decode<Message>(frame.payload.view());
  if (message && encode(*message).view() != frame.payload.view()) std::abort();
}

template <class... Messages>
void read_as(const Frame& frame) {
  ((static_cast<std::uint16_t>(Messages::kType) == frame.type ? read<Messages>(frame) : void()),
   ...);
}

void read_message(const Frame& frame) {
  using namespace acme::ipc;
  read_as<Welcome, RenewNow, Reply, SignNewAccount, SignNewOrder, SignFetch, SignChallenge,
          SignFinalize, SignDeactivateAuthorization, DirectoryRead, AccountCreated, AccountLost,
          HoldIssuer, OrderCreated, PresentChallenges, InstallChain, GiveUpOrder, SaveSchedule,
          LogLine, Progress>(frame);
  auto type = static_cast<ControlType>(frame.type);
  if (type == ControlType::status || type == ControlType::renew) read<ControlRequest>(frame);
  if (type == ControlType::answer) read<ControlAnswer>(frame);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kInputLimit) return 0;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  UniqueFd writer(ends[0]);
  Channel channel(UniqueFd(ends[1]), kFrameLimit);
  // In two parts, so that frames are cut somewhere.
  for (std::size_t part : {size / 2, size - size / 2}) {
    if (part != 0 && send(writer.get(), data, part, MSG_DONTWAIT) != static_cast<ssize_t>(part))
      std::abort();
    data += part;
    auto frames = channel.receive();
    if (!frames) return 0;
    for (const Frame& frame : *frames) {
      if (frame.payload.size() > kFrameLimit) std::abort();
      read_message(frame);
    }
  }
  return 0;
}
