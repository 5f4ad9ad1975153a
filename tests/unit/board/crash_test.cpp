// A writer is killed at any moment, 200 times: readers go on, the next writer
// goes on, and nothing that was published whole is lost or torn.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr int kRounds = 200;
constexpr std::uint32_t kKept = 3;  // the slot that only the parent writes

// Room is used again all the time; at first there may be none.
bool is_fine(const Outcome& outcome) {
  return outcome || outcome.error().code == Errc::no_memory;
}

// In the child: every kind of change in a tight loop.
[[noreturn]] void write_for_ever(BoardEnv& env, int fd, unsigned seed) {
  env.tick = 3'000;
  auto writer = BoardWriter::attach(env, fd);
  if (!writer) _exit(1);
  std::mt19937 random(seed);
  for (;;) {
    const std::uint32_t slot = random() % kKept;
    const std::string token = token_number(random() % 6);
    Outcome outcome;
    switch (random() % 8) {
      case 0:
        writer->withdraw(slot);
        break;
      case 1:
        writer->remove_token(token);
        break;
      case 2:
        outcome = writer->put_token(token, key_authorization_of(token));
        break;
      case 3:
        writer->remove_challenge(name_number(random() % 3));
        break;
      case 4:
        outcome = writer->put_challenge(name_number(random() % 3),
                                        answer_of(random() + 1ULL, random() % 700 + 1));
        break;
      case 5:
        outcome = writer->publish_status(std::string(random() % 2000 + 1, 's'));
        break;
      default:
        outcome = writer->publish(slot, bundle_of(random() + 1ULL, random() % 1500 + 1));
    }
    if (!is_fine(outcome)) _exit(1);
  }
}

bool is_sound(const Error& error) {
  return error.code == Errc::not_found || error.code == Errc::busy;
}

bool all_is_whole(const BoardReader& reader) {
  for (std::uint32_t slot = 0; slot <= kKept; ++slot) {
    auto copy = reader.certificate(slot);
    if (!copy && !is_sound(copy.error())) return false;
    if (!copy) continue;
    auto bundle = decode_bundle(copy->bytes.span());
    if (!bundle || !is_whole(*bundle)) return false;
  }
  for (unsigned n = 0; n < 6; ++n) {
    auto found = reader.key_authorization(token_number(n));
    if (found && *found != key_authorization_of(token_number(n))) return false;
  }
  for (unsigned n = 0; n < 3; ++n) {
    auto found = reader.challenge(name_number(n));
    if (found ? !is_whole(*found) : !is_sound(found.error())) return false;
  }
  auto status = reader.status();
  return status ? *status == std::string(status->size(), 's') : is_sound(status.error());
}

// In the child: reads until it is told to end.
[[noreturn]] void read_for_ever(const BoardReader& reader) {
  static volatile sig_atomic_t stop = 0;
  signal(SIGTERM, [](int) { stop = 1; });
  long long reads = 0;
  for (; stop == 0; ++reads)
    if (!all_is_whole(reader)) _exit(1);
  _exit(reads > 100 ? 0 : 2);
}

void kill_a_writer(Board& board, unsigned seed, std::mt19937& random) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) write_for_ever(board.env, board.fd.get(), seed);
  usleep(random() % 4000);
  kill(pid, SIGKILL);
  int status = 0;
  CHECK_EQ(waitpid(pid, &status, 0), pid);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void check_the_next_writer(Board& board, std::uint64_t serial) {
  board.attach_again();
  CHECK(all_is_whole(board.reader));
  // At once in new room, or else when what nobody refers to has rested.
  if (!board.writer.publish(kKept, bundle_of(serial))) {
    board.let_grace_pass();
    REQUIRE_OK(board.writer.publish(kKept, bundle_of(serial)));
  }
  CHECK_EQ(serial_in(board.reader, kKept), serial);
  for (const std::string& token : board.writer.tokens())
    CHECK_EQ(REQUIRE_OK(board.reader.key_authorization(token)), key_authorization_of(token));
  for (const std::string& name : board.writer.challenges())
    CHECK(is_whole(REQUIRE_OK(board.reader.challenge(name))));
}

}  // namespace

TEST(a_killed_writer_wedges_nobody) {
  Board board;
  REQUIRE_OK(board.writer.publish(kKept, bundle_of(1)));
  pid_t reading = fork();
  CHECK(reading >= 0);
  if (reading == 0) read_for_ever(board.reader);

  std::mt19937 random(20);
  std::string failure;
  try {
    for (unsigned round = 0; round < kRounds; ++round) {
      kill_a_writer(board, round, random);
      check_the_next_writer(board, 1000 + round);
    }
  } catch (const Failure& error) {
    failure = error.what();
  }
  kill(reading, SIGTERM);
  int status = 0;
  CHECK_EQ(waitpid(reading, &status, 0), reading);
  CHECK_EQ(failure, "");
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), 0);

  // Nothing has leaked: after a rest all the room is there but what is in use.
  for (std::uint32_t slot = 0; slot <= kKept; ++slot) board.writer.withdraw(slot);
  for (const std::string& token : board.writer.tokens()) board.writer.remove_token(token);
  for (const std::string& name : board.writer.challenges()) board.writer.remove_challenge(name);
  REQUIRE_OK(board.writer.publish_status("{}"));
  board.let_grace_pass();
  REQUIRE_OK(board.writer.publish_status(std::string(60'000, 's')));
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
