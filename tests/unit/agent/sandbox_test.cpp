// What the agent gives up; tried out in children, since it cannot be taken back.
#include "agent/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "unit/check.h"

using namespace acme;

namespace {

// What `body` returns in a child process whose descriptor 3 is a socket.
int in_child(const std::function<int()>& body) {
  pid_t child = fork();
  if (child == 0) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) _exit(99);
    int keeper = fcntl(ends[0], F_DUPFD, 10);
    if (keeper < 0 || dup2(keeper, 3) < 0) _exit(99);
    _exit(body());
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

TEST(a_descriptor_3_that_is_no_socket_is_refused_with_a_remedy) {
  CHECK_EQ(in_child([] {
             int null = open("/dev/null", O_RDONLY);
             if (dup2(null, 3) < 0) return 99;
             Outcome done = agent::harden_process(3);
             bool told = !done && done.error().message.find("acme-keeper") != std::string::npos;
             return told ? 0 : 1;
           }),
           0);
}

TEST(nothing_stays_open_but_the_keeper_and_the_standard_descriptors) {
  CHECK_EQ(in_child([] {
             int leaked = open("/dev/null", O_RDONLY);
             int high = fcntl(leaked, F_DUPFD, 200);
             if (!agent::harden_process(3)) return 1;
             if (fcntl(leaked, F_GETFD) >= 0 && leaked > 3) return 2;
             if (fcntl(high, F_GETFD) >= 0) return 3;
             return fcntl(3, F_GETFD) == FD_CLOEXEC ? 0 : 4;
           }),
           0);
}

TEST(standard_input_and_output_lead_nowhere) {
  CHECK_EQ(in_child([] {
             close(0);
             close(1);
             if (!agent::harden_process(3)) return 1;
             struct stat in {};
             struct stat out {};
             struct stat null {};
             if (fstat(0, &in) < 0 || fstat(1, &out) < 0 || stat("/dev/null", &null) < 0) return 2;
             return in.st_rdev == null.st_rdev && out.st_rdev == null.st_rdev ? 0 : 3;
           }),
           0);
}

TEST(no_core_no_trace_no_new_privileges) {
  CHECK_EQ(in_child([] {
             if (!agent::harden_process(3)) return 1;
             if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 2;
             if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 3;
             rlimit core{};
             rlimit files{};
             getrlimit(RLIMIT_CORE, &core);
             getrlimit(RLIMIT_NOFILE, &files);
             if (core.rlim_cur != 0 || core.rlim_max != 0) return 4;
             if (files.rlim_cur > 1024) return 5;
             return umask(0) == 077 ? 0 : 6;
           }),
           0);
}

TEST(root_is_recognised) {
  CHECK_EQ(in_child([] {
             bool root = geteuid() == 0;
             if (static_cast<bool>(agent::check_not_root()) == root) return 1;
             if (root && setresuid(65534, 65534, 65534) < 0) return 2;
             return agent::check_not_root() ? 0 : 3;
           }),
           0);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
