#include "ipc/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace acme {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kHeaderBytes = 6;  // type and id, counted by the length

void put(std::uint8_t* at, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint32_t get(const std::uint8_t* at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= static_cast<std::uint32_t>(at[i]) << (8 * i);
  return value;
}

Error socket_error(const char* call) {
  if (errno == EPIPE || errno == ECONNRESET) return fail(Errc::not_found, "the other end is gone");
  return fail(Errc::io, std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

Channel::Channel(UniqueFd socket, std::size_t frame_limit)
    : socket_(std::move(socket)), limit_(frame_limit) {}

Outcome Channel::send(std::uint16_t type, std::uint32_t id, const Secret& payload) {
  std::size_t length = kHeaderBytes + payload.size();
  if (length > limit_) return fail(Errc::protocol, "a message is larger than the channel allows");
  Secret frame(kLengthBytes + length);
  put(frame.data(), length, 4);
  put(frame.data() + 4, type, 2);
  put(frame.data() + 6, id, 4);
  if (!payload.empty()) std::memcpy(frame.data() + 10, payload.data(), payload.size());
  outgoing_.push_back(std::move(frame));
  return flush();
}

Outcome Channel::flush() {
  while (!outgoing_.empty()) {
    const Secret& frame = outgoing_.front();
    ssize_t n = ::send(socket_.get(), frame.data() + sent_, frame.size() - sent_,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (n < 0) return socket_error("send");
    sent_ += static_cast<std::size_t>(n);
    if (sent_ == frame.size()) {
      outgoing_.pop_front();
      sent_ = 0;
    }
  }
  return {};
}

Result<std::vector<Frame>> Channel::receive() {
  std::vector<Frame> frames;
  // A peer that never stops sending must not keep its reader here: what is left
  // is read the next time.
  for (std::size_t taken = 0; taken <= limit_;) {
    std::uint8_t buffer[65536];
    ssize_t n = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return frames;
    if (n < 0) return socket_error("recv");
    if (n == 0) {
      // What arrived before the end is still answered; the end is told next time.
      if (!frames.empty()) return frames;
      return fail(Errc::not_found, "the other end is gone");
    }
    taken += static_cast<std::size_t>(n);
    incoming_.insert(incoming_.end(), buffer, buffer + n);
    explicit_bzero(buffer, static_cast<std::size_t>(n));
    ACME_CHECK(take_frames(frames));
  }
  return frames;
}

Outcome Channel::take_frames(std::vector<Frame>& frames) {
  std::size_t at = 0;
  while (incoming_.size() - at >= kLengthBytes) {
    std::size_t length = get(incoming_.data() + at, 4);
    if (length < kHeaderBytes || length > limit_)
      return fail(Errc::protocol, "a frame has an impossible length");
    if (incoming_.size() - at < kLengthBytes + length) break;
    const std::uint8_t* body = incoming_.data() + at + kLengthBytes;
    Frame frame;
    frame.type = static_cast<std::uint16_t>(get(body, 2));
    frame.id = get(body + 2, 4);
    frame.payload = Secret(std::span(body + kHeaderBytes, length - kHeaderBytes));
    frames.push_back(std::move(frame));
    at += kLengthBytes + length;
  }
  explicit_bzero(incoming_.data(), at);
  incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(at));
  return {};
}

}  // namespace acme
