// Room: when it is used again, what it costs, what happens when it runs out.
#include <sys/stat.h>

#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

std::uint64_t bytes_used(int fd) {
  struct stat info {};
  CHECK_EQ(fstat(fd, &info), 0);
  return static_cast<std::uint64_t>(info.st_blocks) * 512;
}

// Publishes ever new bundles until one is refused; the number of those before.
int fill(Board& board, std::uint64_t& serial) {
  for (int published = 0; published < 100; ++published) {
    auto outcome = board.writer.publish(0, bundle_of(serial + 1, 5000));
    if (!outcome) {
      CHECK_CONTAINS(REQUIRE_ERROR(outcome, Errc::no_memory), "the board is full");
      return published;
    }
    ++serial;
  }
  throw Failure("the board is never full");
}

}  // namespace

TEST(room_is_used_again_only_after_the_grace_time) {
  Board board;
  std::uint64_t serial = 0;
  CHECK_EQ(fill(board, serial), 6);
  CHECK_EQ(serial_in(board.reader, 0), serial);  // the old state stays

  board.env.clock += kGraceMillis - 1;
  CHECK_EQ(fill(board, serial), 0);
  board.env.clock += 1;
  CHECK_EQ(fill(board, serial), 5);  // all but the one that is served
  CHECK_EQ(serial_in(board.reader, 0), serial);
}

TEST(a_full_board_says_what_comes_free) {
  Board board;
  std::uint64_t serial = 0;
  fill(board, serial);
  std::string why = REQUIRE_ERROR(board.writer.publish(1, bundle_of(99, 5000)), Errc::no_memory);
  CHECK_CONTAINS(why, "65536 bytes");
  CHECK_CONTAINS(why, "come free within 10 s");
  CHECK_EQ(board.reader.generation(1), 0);
  REQUIRE_ERROR(board.writer.publish_status(std::string(5000, 's')), Errc::no_memory);
}

TEST(a_new_writer_takes_new_room_at_once_and_old_room_after_the_grace_time) {
  Board board;
  for (std::uint64_t serial = 1; serial <= 3; ++serial)
    REQUIRE_OK(board.writer.publish(0, bundle_of(serial, 5000)));
  board.attach_again();
  std::uint64_t serial = 3;
  CHECK_EQ(fill(board, serial), 3);  // above all that was ever used
  board.attach_again();
  CHECK_EQ(fill(board, serial), 0);
  board.let_grace_pass();
  CHECK_EQ(fill(board, serial), 5);
}

TEST(freed_neighbours_join) {
  Board board;
  std::uint64_t serial = 0;
  for (std::uint32_t slot = 0; slot < 4; ++slot)
    REQUIRE_OK(board.writer.publish(slot, bundle_of(++serial, 5000)));
  // From both sides and into the middle: 1, 3, then 2 and 0.
  for (std::uint32_t slot : {1, 3, 2, 0}) {
    board.writer.withdraw(slot);
    board.let_grace_pass();
    board.writer.sweep();
  }
  // Fits only where all four were.
  REQUIRE_OK(board.writer.publish_status(std::string(40'000, 's')));
  REQUIRE_OK(board.writer.publish_status(std::string(20'000, 't')));
}

TEST(a_status_each_minute_for_a_week_needs_no_more_room) {
  Board board;
  for (int minute = 0; minute < 10'080; ++minute) {
    board.env.clock += 60'000;
    REQUIRE_OK(board.writer.publish_status(std::string(1000 + minute % 7000, 's')));
    if (minute % 1000 == 0) REQUIRE_OK(board.writer.publish(1, bundle_of(1 + minute, 3000)));
  }
  CHECK_EQ(serial_in(board.reader, 1), 10'001);
}

TEST(texts_that_are_too_long_are_refused) {
  Board board(board_shape_for(2000));
  std::string huge(board::kMaxStatusBytes + 1, 's');
  REQUIRE_ERROR(board.writer.publish_status(huge), Errc::invalid_argument);
  huge.pop_back();
  REQUIRE_OK(board.writer.publish_status(huge));
  CHECK(REQUIRE_OK(board.reader.status()) == huge);
}

TEST(a_replaced_key_is_wiped_after_the_grace_time) {
  Board board;
  const std::string secret(bundle_of(41).key_der.view());
  REQUIRE_OK(board.writer.publish(0, bundle_of(41)));
  REQUIRE_OK(board.writer.publish(0, bundle_of(42)));
  CHECK(image_of(board.fd.get()).find(secret) != std::string::npos);
  board.let_grace_pass();
  board.writer.sweep();
  CHECK(image_of(board.fd.get()).find(secret) == std::string::npos);
  CHECK_EQ(serial_in(board.reader, 0), 42);
}

TEST(a_key_that_a_dead_writer_left_is_wiped) {
  Board board;
  const std::string secret(bundle_of(41).key_der.view());
  REQUIRE_OK(board.writer.publish(0, bundle_of(41)));
  board.writer.withdraw(0);
  board.attach_again();
  board.let_grace_pass();
  board.writer.sweep();
  CHECK(image_of(board.fd.get()).find(secret) == std::string::npos);
}

TEST(memory_is_proportional_to_what_is_published) {
  Board board(board_shape_for(10'000));
  const std::uint64_t empty = bytes_used(board.fd.get());
  CHECK(empty < 1024 * 1024);
  // Reading what is not there must not allocate pages either.
  for (std::uint32_t slot = 0; slot < 10'000; ++slot) board.reader.generation(slot);
  board.reader.key_authorization(token_number(1)).error();
  CHECK_EQ(bytes_used(board.fd.get()), empty);

  constexpr std::uint64_t kBundle = 138 + 2 * 2000;
  for (std::uint32_t slot = 0; slot < 1000; ++slot)
    REQUIRE_OK(board.writer.publish(slot * 10, bundle_of(slot + 1, 2000)));
  const std::uint64_t grown = bytes_used(board.fd.get()) - empty;
  CHECK(grown >= 1000 * kBundle);
  CHECK(grown <= 1000 * (kBundle + 64) + 64 * 1024);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
