// Who can do what: a worker cannot write the board, by no way that it has.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

constexpr uid_t kNobody = 65534;

// The errno with which somebody of another uid fails to open /proc/<who>/fd/<fd>
// for writing, 0 when that works.
int open_as_nobody(int fd, const std::string& who) {
  const std::string path = "/proc/" + who + "/fd/" + std::to_string(fd);
  pid_t pid = fork();
  if (pid == 0) {
    if (setgid(kNobody) < 0 || setuid(kNobody) < 0) _exit(255);
    // As in nginx's workers with `worker_rlimit_core`: /proc/self is the worker's own.
    prctl(PR_SET_DUMPABLE, 1);
    _exit(open(path.c_str(), O_RDWR) >= 0 ? 0 : errno);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace

TEST(the_board_is_private_sealed_and_close_on_exec) {
  BoardEnv env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  struct stat info {};
  CHECK_EQ(fstat(fd.get(), &info), 0);
  CHECK_EQ(info.st_mode & 07777, 0600);
  CHECK_EQ(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  CHECK_EQ(fcntl(fd.get(), F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  CHECK(ftruncate(fd.get(), 0) < 0);
  CHECK(ftruncate(fd.get(), info.st_size + 4096) < 0);
}

TEST(another_uid_cannot_open_it_for_writing) {
  if (geteuid() != 0) {
    print_message("only root can try this\n");
    return;
  }
  BoardEnv env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  CHECK_EQ(open_as_nobody(fd.get(), "self"), EACCES);
  CHECK_EQ(open_as_nobody(fd.get(), std::to_string(getpid())), EACCES);
  // That the test would notice: with a memfd's own mode it works.
  UniqueFd open_to_all(env.memory_file("open"));
  CHECK_EQ(open_as_nobody(open_to_all.get(), "self"), 0);
}

TEST(a_readers_mapping_cannot_be_made_writable) {
  struct RecordingEnv : BoardEnv {
    void* map_shared(int fd, std::size_t size, int protection) const override {
      last = BoardEnv::map_shared(fd, size, protection);
      return last;
    }
    mutable void* last = nullptr;
  } env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  auto reader = REQUIRE_OK(BoardReader::map(env, fd.get()));
  CHECK_EQ(mprotect(env.last, 4096, PROT_READ | PROT_WRITE), -1);
  CHECK_EQ(errno, EACCES);
}

TEST(a_reader_keeps_no_descriptor_and_outlives_the_boards) {
  BoardEnv env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  auto writer = REQUIRE_OK(BoardWriter::attach(env, fd.get()));
  REQUIRE_OK(writer.publish(0, bundle_of(1)));
  const int before = dup(0);
  close(before);
  auto reader = REQUIRE_OK(BoardReader::map(env, fd.get()));
  const int after = dup(0);
  close(after);
  CHECK_EQ(before, after);
  fd.reset();
  CHECK_EQ(serial_in(reader, 0), 1);
}

TEST(a_read_only_descriptor_serves_a_reader_and_no_writer) {
  BoardEnv env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
  UniqueFd read_only(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(bool(read_only));
  REQUIRE_OK(BoardReader::map(env, read_only.get()));
  CHECK_CONTAINS(REQUIRE_ERROR(BoardWriter::attach(env, read_only.get()), Errc::io), "mmap");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
