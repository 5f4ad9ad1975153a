// A stream socket that carries frames: between keeper and agent (socketpair),
// and between acmectl and keeper (control socket). Non-blocking; the owner
// polls fd().
//
// Frame: u32 length of what follows, u16 type, u32 id, payload. A frame above
// the channel's limit, or a closed peer, is an error, and the channel is of no
// use afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/secret.h"

namespace acme {

struct Frame {
  std::uint16_t type = 0;
  std::uint32_t id = 0;  // of the request that this is or answers; 0: neither
  Secret payload;
};

class Channel {
 public:
  static constexpr std::size_t kFrameLimit = 16 * 1024 * 1024;

  explicit Channel(UniqueFd socket, std::size_t frame_limit = kFrameLimit);

  int fd() const { return socket_.get(); }
  bool wants_write() const { return !outgoing_.empty(); }

  // Queues and writes what the socket takes now.
  Outcome send(std::uint16_t type, std::uint32_t id, const Secret& payload);
  Outcome flush();
  // The whole frames that are there, about frame_limit bytes of them at most. An error with
  // Errc::not_found: the peer is gone.
  Result<std::vector<Frame>> receive();

 private:
  Outcome take_frames(std::vector<Frame>& frames);

  UniqueFd socket_;
  std::size_t limit_;
  std::vector<std::uint8_t> incoming_;
  std::deque<Secret> outgoing_;
  std::size_t sent_ = 0;  // of the first outgoing frame
};

}  // namespace acme
