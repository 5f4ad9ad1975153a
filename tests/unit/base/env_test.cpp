// The real environment: what the fault tests put another in the place of.
#include "base/env.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "unit/check.h"

using namespace acme;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/acme-env-XXXXXX";
    CHECK(mkdtemp(name) != nullptr);
    path_ = name;
    fd_.reset(open(name, O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  int fd() const { return fd_.get(); }

 private:
  std::string path_;
  UniqueFd fd_;
};

// What a shell command printed to the first descriptor that it inherits.
std::string said_by(Spawn what, const std::string& command, int* status = nullptr) {
  int ends[2];
  CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  what.program = "/bin/sh";
  what.arguments = {"-c", command};
  what.descriptors.insert(what.descriptors.begin(), write_end.get());
  pid_t pid = REQUIRE_OK(system_env().spawn(what));
  write_end.reset();
  std::string out;
  char buffer[4096];
  for (ssize_t n; (n = read(read_end.get(), buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  int ended = 0;
  CHECK_EQ(waitpid(pid, &ended, 0), pid);
  if (status) *status = ended;
  return out;
}

}  // namespace

TEST(clocks_and_random_bytes_are_there) {
  const Env& env = system_env();
  CHECK(env.now() > 1'700'000'000);
  CHECK(env.boottime() > 0 && env.boottime() <= env.boottime());
  std::uint8_t a[32] = {};
  std::uint8_t b[32] = {};
  REQUIRE_OK(env.random(a));
  REQUIRE_OK(env.random(b));
  CHECK(std::memcmp(a, b, sizeof a) != 0);
  for (int i = 0; i < 100; ++i) CHECK(env.uniform() >= 0 && env.uniform() < 1);
}

TEST(files_are_made_renamed_and_removed_relative_to_a_folder) {
  Folder folder;
  const Env& env = system_env();
  UniqueFd file(env.open_at(folder.fd(), "a", O_CREAT | O_EXCL | O_RDWR, 0600));
  CHECK(file);
  CHECK_EQ(env.write(file.get(), "text", 4), 4);
  CHECK_EQ(env.fsync(file.get()), 0);
  CHECK_EQ(env.mkdir_at(folder.fd(), "sub", 0700), 0);
  CHECK_EQ(env.mkdir_at(folder.fd(), "sub", 0700), -EEXIST);
  CHECK_EQ(env.rename_at(folder.fd(), "a", folder.fd(), "b"), 0);
  CHECK_EQ(env.open_at(folder.fd(), "a", O_RDONLY, 0), -ENOENT);
  CHECK_EQ(env.unlink_at(folder.fd(), "b", 0), 0);
  CHECK_EQ(env.unlink_at(folder.fd(), "sub", AT_REMOVEDIR), 0);
  CHECK_EQ(env.write(-1, "x", 1), -EBADF);
}

TEST(a_link_in_the_last_component_is_never_followed) {
  Folder folder;
  const Env& env = system_env();
  CHECK_EQ(env.symlink_at("/etc/passwd", folder.fd(), "link"), 0);
  CHECK_EQ(env.open_at(folder.fd(), "link", O_RDONLY, 0), -ELOOP);
  CHECK_EQ(env.open_at(folder.fd(), "link", O_WRONLY | O_CREAT, 0600), -ELOOP);
}

namespace {

// In a process of its own: there no openat2 is to be had, as under an old seccomp filter.
template <class Body>
void without_openat2(Body&& body) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{4, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      _exit(2);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  CHECK_EQ(waitpid(pid, &status, 0), pid);
  CHECK_EQ(status, 0);
}

}  // namespace

TEST(a_path_is_walked_down_without_following_links) {
  Folder folder;
  const Env& env = system_env();
  CHECK_EQ(env.mkdir_at(folder.fd(), "a", 0700), 0);
  UniqueFd a(env.open_at(folder.fd(), "a", O_RDONLY | O_DIRECTORY, 0));
  CHECK_EQ(env.mkdir_at(a.get(), "b", 0700), 0);
  UniqueFd(env.open_at(folder.fd(), "a/b/file", O_WRONLY | O_CREAT | O_EXCL, 0600));
  CHECK_EQ(env.symlink_at("b", a.get(), "link"), 0);
  CHECK_EQ(env.symlink_at("b/file", a.get(), "file"), 0);
  auto all_as_it_should_be = [&] {
    auto open = [&](const char* path) {
      UniqueFd fd(env.open_at(folder.fd(), path, O_RDONLY, 0));
      return fd ? 0 : fd.get();
    };
    return open("a/b/file") == 0 && open("a/b") == 0 && open("a/c/file") == -ENOENT &&
           open("a/b/none") == -ENOENT && open("a/link/file") == -ELOOP &&
           open("a/file") == -ELOOP && open("../etc/passwd") == -EXDEV &&
           open("a/../../etc/passwd") == -EXDEV && open("a/b/file/x") != 0;
  };
  CHECK(all_as_it_should_be());
  without_openat2(all_as_it_should_be);
}

TEST(a_memory_file_can_be_mapped_and_sealed) {
  const Env& env = system_env();
  UniqueFd file(env.memory_file("test"));
  CHECK(file);
  CHECK_EQ(ftruncate(file.get(), 4096), 0);
  void* map = env.map_shared(file.get(), 4096, PROT_READ | PROT_WRITE);
  CHECK(map != MAP_FAILED);
  static_cast<char*>(map)[0] = 'x';
  munmap(map, 4096);
  CHECK_EQ(fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
  CHECK(env.map_shared(-1, 4096, PROT_READ) == MAP_FAILED);
}

TEST(a_spawned_program_gets_its_descriptors_and_no_others) {
  int leaked = fcntl(0, F_DUPFD, 100);  // as a server's listening socket: not close-on-exec
  int pair[2];
  CHECK_EQ(pipe(pair), 0);
  Spawn what;
  what.descriptors = {pair[0], pair[1]};
  // The shell itself holds the script's redirections only while it runs them.
  std::string listed = said_by(what, "cd /proc/self/fd && echo * >&3");
  CHECK_EQ(listed.substr(0, 9), "0 1 2 3 4");
  CHECK(listed.find("100") == std::string::npos);
  CHECK(listed.find(" 5") != std::string::npos);
  close(leaked);
  close(pair[0]);
  close(pair[1]);
}

TEST(a_spawned_program_has_a_clean_environment_and_reset_signals) {
  setenv("LD_PRELOAD_TEST", "evil", 1);
  Spawn what;
  what.environment = {"PATH=/usr/bin:/bin", "A=b"};
  std::string environment = said_by(what, "env >&3");
  CHECK_CONTAINS(environment, "A=b\n");
  CHECK(environment.find("LD_PRELOAD_TEST") == std::string::npos);

  signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  std::string signals = said_by(what, "grep -E 'Sig(Blk|Ign)' /proc/self/status >&3");
  sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  CHECK_CONTAINS(signals, "SigBlk:\t0000000000000000");
  CHECK_CONTAINS(signals, "SigIgn:\t0000000000000000");
}

TEST(a_spawned_program_may_have_a_session_of_its_own_and_low_priority) {
  Spawn what;
  what.own_session = true;
  what.low_priority = true;
  what.environment = {"PATH=/usr/bin:/bin"};
  std::string stat = said_by(what, "read -r stat < /proc/$$/stat; echo \"$$ $stat\" >&3");
  // "<pid> <pid> (sh) S <parent> <group> <session> …"
  std::istringstream words(stat);
  std::string pid, again, name, state, parent, group, session;
  words >> pid >> again >> name >> state >> parent >> group >> session;
  CHECK_EQ(session, pid);
  CHECK_EQ(group, pid);
}

TEST(a_spawned_program_may_be_cut_off_from_the_standard_descriptors) {
  // The shell moves its own descriptors for a redirected command: looked at in an unredirected one.
  const std::string links =
      "all=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo \"$all\" >&3";
  Spawn what;
  what.environment = {"PATH=/usr/bin:/bin"};
  what.standard_error = -1;
  CHECK_EQ(said_by(what, links), "/dev/null\n/dev/null\n/dev/null\n");

  UniqueFd log(system_env().memory_file("log"));
  what.standard_error = log.get();
  CHECK_CONTAINS(said_by(what, links), "/dev/null\n/dev/null\n/memfd:log");
  said_by(what, "echo trouble >&2");
  char text[16] = {};
  CHECK_EQ(pread(log.get(), text, sizeof text, 0), 8);
  CHECK_EQ(std::string_view(text), "trouble\n");
}

TEST(a_spawned_program_may_have_another_name_and_folder) {
  Folder folder;
  Spawn what;
  what.name = "somebody";
  what.working_directory =
      "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(folder.fd());
  what.environment = {"PATH=/usr/bin:/bin"};
  std::string said = said_by(what, "tr '\\0' ' ' </proc/$$/cmdline >&3; readlink /proc/$$/cwd >&3");
  CHECK(said.starts_with("somebody -c "));
  char cwd[4096] = {};
  CHECK(readlink(what.working_directory.c_str(), cwd, sizeof cwd - 1) > 0);
  CHECK(said.ends_with(std::string(cwd) + "\n"));
  what.program = "/bin/sh";
  what.working_directory = "/nonexistent";
  CHECK_CONTAINS(REQUIRE_ERROR(system_env().spawn(what), Errc::io), "No such file");
}

TEST(a_program_that_cannot_be_started_is_an_error_that_names_it) {
  Spawn what;
  what.program = "/nonexistent/acme-keeper";
  std::string why = REQUIRE_ERROR(system_env().spawn(what), Errc::io);
  CHECK_CONTAINS(why, "cannot start /nonexistent/acme-keeper: No such file or directory");
  what.program = "/etc/passwd";
  CHECK_CONTAINS(REQUIRE_ERROR(system_env().spawn(what), Errc::io), "Permission denied");
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
