#include "ipc/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <random>

#include "unit/check.h"

using namespace acme;

namespace {

struct Pair {
  UniqueFd a;
  UniqueFd b;
};

Pair sockets() {
  int ends[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Secret bytes(std::string_view text) {
  return Secret(text);
}

void raw(const UniqueFd& socket, std::string_view text) {
  CHECK_EQ(send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL), text.size());
}

std::string frame(std::uint32_t length, std::string_view rest) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(length >> (8 * i));
  return out + std::string(rest);
}

}  // namespace

TEST(frames_arrive_whole_and_in_order) {
  Pair pair = sockets();
  Channel one(std::move(pair.a));
  Channel two(std::move(pair.b));
  REQUIRE_OK(one.send(7, 1, bytes("first")));
  REQUIRE_OK(one.send(8, 0xFFFFFFFF, bytes("")));
  REQUIRE_OK(one.send(0xFFFF, 3, bytes(std::string_view("\0\xff\n", 3))));
  std::vector<Frame> frames = REQUIRE_OK(two.receive());
  CHECK_EQ(frames.size(), 3);
  CHECK_EQ(frames[0].type, 7);
  CHECK_EQ(frames[0].id, 1);
  CHECK_EQ(frames[0].payload.view(), "first");
  CHECK_EQ(frames[1].id, 0xFFFFFFFF);
  CHECK(frames[1].payload.empty());
  CHECK_EQ(frames[2].type, 0xFFFF);
  CHECK_EQ(frames[2].payload.view(), std::string_view("\0\xff\n", 3));
  CHECK(REQUIRE_OK(two.receive()).empty());
}

TEST(both_directions_are_independent) {
  Pair pair = sockets();
  Channel one(std::move(pair.a));
  Channel two(std::move(pair.b));
  REQUIRE_OK(one.send(1, 1, bytes("ask")));
  REQUIRE_OK(two.send(2, 1, bytes("answer")));
  CHECK_EQ(REQUIRE_OK(one.receive()).at(0).payload.view(), "answer");
  CHECK_EQ(REQUIRE_OK(two.receive()).at(0).payload.view(), "ask");
}

TEST(a_frame_may_arrive_byte_by_byte) {
  Pair pair = sockets();
  Channel channel(std::move(pair.b));
  std::string text = frame(9, std::string_view("\x05\0\x01\0\0\0abc", 9));
  for (std::size_t i = 0; i < text.size(); ++i) {
    CHECK(REQUIRE_OK(channel.receive()).empty());
    raw(pair.a, text.substr(i, 1));
  }
  std::vector<Frame> frames = REQUIRE_OK(channel.receive());
  CHECK_EQ(frames.at(0).type, 5);
  CHECK_EQ(frames.at(0).payload.view(), "abc");
}

TEST(a_large_frame_crosses_a_small_socket_buffer) {
  Pair pair = sockets();
  Channel one(std::move(pair.a));
  Channel two(std::move(pair.b));
  std::string text(5'000'000, 'x');
  text.back() = 'y';
  REQUIRE_OK(one.send(1, 1, bytes(text)));
  REQUIRE_OK(one.send(2, 2, bytes("after")));
  CHECK(one.wants_write());
  std::vector<Frame> all;
  for (int rounds = 0; all.size() < 2; ++rounds) {
    CHECK(rounds < 10'000);
    for (Frame& item : REQUIRE_OK(two.receive())) all.push_back(std::move(item));
    REQUIRE_OK(one.flush());
  }
  CHECK(!one.wants_write());
  CHECK_EQ(all[0].payload.size(), text.size());
  CHECK(all[0].payload.view() == text);
  CHECK_EQ(all[1].payload.view(), "after");
}

TEST(a_message_above_the_limit_is_not_sent) {
  Pair pair = sockets();
  Channel channel(std::move(pair.a), 100);
  REQUIRE_ERROR(channel.send(1, 1, bytes(std::string(95, 'x'))), Errc::protocol);
  REQUIRE_OK(channel.send(1, 1, bytes(std::string(94, 'x'))));
  Channel other(std::move(pair.b), 100);
  CHECK_EQ(REQUIRE_OK(other.receive()).at(0).payload.size(), 94);
}

TEST(a_frame_of_an_impossible_length_is_refused_before_its_bytes_come) {
  for (std::uint32_t length : {0U, 5U, 101U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    Pair pair = sockets();
    Channel channel(std::move(pair.b), 100);
    raw(pair.a, frame(length, ""));
    REQUIRE_ERROR(channel.receive(), Errc::protocol);
  }
}

TEST(good_frames_before_a_bad_one_do_not_hide_it) {
  Pair pair = sockets();
  Channel channel(std::move(pair.b));
  raw(pair.a, frame(6, std::string_view("\x01\0\0\0\0\0", 6)) + frame(1, "x"));
  REQUIRE_ERROR(channel.receive(), Errc::protocol);
}

TEST(a_peer_that_is_gone_is_told_from_other_errors) {
  Pair pair = sockets();
  Channel channel(std::move(pair.b));
  pair.a.reset();
  REQUIRE_ERROR(channel.receive(), Errc::not_found);
  REQUIRE_ERROR(channel.send(1, 1, bytes("x")), Errc::not_found);
}

TEST(what_a_peer_said_before_it_went_is_still_heard) {
  Pair pair = sockets();
  Channel channel(std::move(pair.b));
  {
    Channel other(std::move(pair.a));
    REQUIRE_OK(other.send(9, 0, bytes("last words")));
  }
  CHECK_EQ(REQUIRE_OK(channel.receive()).at(0).payload.view(), "last words");
  REQUIRE_ERROR(channel.receive(), Errc::not_found);
}

TEST(a_peer_that_goes_within_a_frame_is_gone) {
  Pair pair = sockets();
  Channel channel(std::move(pair.b));
  raw(pair.a, frame(1000, "half"));
  CHECK(REQUIRE_OK(channel.receive()).empty());
  pair.a.reset();
  REQUIRE_ERROR(channel.receive(), Errc::not_found);
}

TEST(a_descriptor_that_is_no_socket_is_an_error) {
  Channel channel(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  REQUIRE_ERROR(channel.receive(), Errc::io);
  REQUIRE_ERROR(channel.send(1, 1, bytes("x")), Errc::io);
}

TEST(random_bytes_never_do_more_than_fail) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    Pair pair = sockets();
    Channel channel(std::move(pair.b), 4096);
    std::string text;
    for (std::size_t n = random() % 3; n > 0; --n) text += frame(6 + random() % 40, "");
    for (std::size_t n = random() % 200; n > 0; --n) text += static_cast<char>(random());
    if (!text.empty()) raw(pair.a, text);
    auto result = channel.receive();
    if (result)
      for (const Frame& item : *result) CHECK(item.payload.size() <= 4090);
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
