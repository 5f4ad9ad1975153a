// The system refuses something: a clean error each time, nothing left behind.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

class FailingEnv : public BoardEnv {
 public:
  int memory_error = 0;
  int map_error = 0;
  ssize_t write_result = 0;

  int memory_file(const char* name) const override {
    return memory_error != 0 ? -memory_error : BoardEnv::memory_file(name);
  }
  void* map_shared(int fd, std::size_t size, int protection) const override {
    if (map_error == 0) return BoardEnv::map_shared(fd, size, protection);
    errno = map_error;
    return MAP_FAILED;
  }
  ssize_t write(int fd, const void* data, std::size_t size) const override {
    return write_result != 0 ? write_result : BoardEnv::write(fd, data, size);
  }
};

int lowest_free_descriptor() {
  const int fd = dup(0);
  close(fd);
  return fd;
}

}  // namespace

TEST(no_memory_file_is_an_error) {
  FailingEnv env;
  env.memory_error = EMFILE;
  CHECK_CONTAINS(REQUIRE_ERROR(create_board(env, small_shape()), Errc::io), "memfd_create");
  env.memory_error = ENOMEM;
  REQUIRE_ERROR(create_board(env, small_shape()), Errc::no_memory);
}

TEST(a_header_that_cannot_be_written_is_an_error_and_closes_the_board) {
  const int before = lowest_free_descriptor();
  FailingEnv env;
  env.write_result = -EIO;
  CHECK_CONTAINS(REQUIRE_ERROR(create_board(env, small_shape()), Errc::io), "header");
  env.write_result = 7;
  CHECK_CONTAINS(REQUIRE_ERROR(create_board(env, small_shape()), Errc::io), "cut short");
  CHECK_EQ(lowest_free_descriptor(), before);
}

TEST(a_mapping_that_fails_is_an_error) {
  FailingEnv env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  const int before = lowest_free_descriptor();
  env.map_error = ENOMEM;
  CHECK_CONTAINS(REQUIRE_ERROR(BoardReader::map(env, fd.get()), Errc::no_memory), "mmap");
  REQUIRE_ERROR(BoardWriter::attach(env, fd.get()), Errc::no_memory);
  env.map_error = EPERM;
  REQUIRE_ERROR(BoardReader::map(env, fd.get()), Errc::io);
  CHECK_EQ(lowest_free_descriptor(), before);
  env.map_error = 0;
  REQUIRE_OK(BoardReader::map(env, fd.get()));
}

TEST(no_descriptor_to_open_the_board_again_is_an_error) {
  FailingEnv env;
  UniqueFd fd = REQUIRE_OK(create_board(env, small_shape()));
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  rlimit none = old;
  none.rlim_cur = static_cast<rlim_t>(lowest_free_descriptor());
  setrlimit(RLIMIT_NOFILE, &none);
  auto reader = BoardReader::map(env, fd.get());
  auto second = create_board(env, small_shape());
  setrlimit(RLIMIT_NOFILE, &old);
  CHECK_CONTAINS(REQUIRE_ERROR(reader, Errc::io), "/proc/self/fd/");
  REQUIRE_ERROR(second, Errc::io);
}

// ftruncate would send SIGXFSZ and so end the web server.
TEST(a_limit_of_file_sizes_is_an_error_and_no_signal) {
  FailingEnv env;
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 1024 * 1024;
  setrlimit(RLIMIT_FSIZE, &small);
  auto board = create_board(env, board_shape_for(10));
  setrlimit(RLIMIT_FSIZE, &old);
  CHECK_CONTAINS(REQUIRE_ERROR(board, Errc::no_memory), "ulimit -f");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
