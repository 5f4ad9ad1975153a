// The server's error log: its formats, its levels, and a rotation.
#include "keeper/log_file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ctime>

#include "unit/keeper/keeper_env.h"

using namespace acme;
using namespace acme::test;
using keeper::LogFile;

namespace {

// Descriptor 2 is the log, as the server hands it over.
class LogServer {
 public:
  LogServer() : path(folder / "error.log"), saved_(dup(STDERR_FILENO)) {
    UniqueFd file(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0640));
    dup2(file.get(), STDERR_FILENO);
    setenv("TZ", "UTC", 1);
    tzset();
  }
  ~LogServer() { dup2(saved_.get(), STDERR_FILENO); }

  LogFile log(ServerKind server = ServerKind::nginx, Level level = Level::notice) {
    return LogFile(env, server, {path, false, level});
  }
  void rotate() { std::filesystem::rename(path, path + ".1"); }

  KeeperEnv env;
  Folder folder;
  std::string path;

 private:
  UniqueFd saved_;
};

TEST(lines_have_nginx_form) {
  LogServer server;
  server.log().warning("example.com: the CA is away");
  CHECK_EQ(contents_of(server.path), "2027/01/15 08:00:00 [warn] " + std::to_string(getpid()) +
                                         "#0: acme: example.com: the CA is away\n");
}

TEST(lines_have_httpd_form) {
  LogServer server;
  server.log(ServerKind::httpd).error("a line");
  CHECK_EQ(contents_of(server.path), "[Fri Jan 15 08:00:00 2027] [acme:error] [pid " +
                                         std::to_string(getpid()) + "] a line\n");
}

TEST(finer_lines_than_the_operator_asked_for_are_left_out) {
  LogServer server;
  LogFile log = server.log();
  log.notice("yes");
  log.info("no");
  log.debug("no");
  std::string text = contents_of(server.path);
  CHECK_CONTAINS(text, "[notice]");
  CHECK(text.find("no\n") == std::string::npos);
}

TEST(every_level_has_its_name) {
  LogServer server;
  LogFile log = server.log(ServerKind::nginx, Level::debug);
  log.info("a");
  log.debug("b");
  log.error("c");
  std::string text = contents_of(server.path);
  for (const char* name : {"[info]", "[debug]", "[error]"}) CHECK_CONTAINS(text, name);
}

TEST(after_a_rotation_the_new_file_is_written) {
  LogServer server;
  LogFile log = server.log();
  log.error("one");
  server.rotate();
  log.error("two");  // the server has not made the new file yet
  CHECK(!std::filesystem::exists(server.path));
  std::ofstream(server.path) << "";
  log.error("three");
  log.error("four");
  std::string old_text = contents_of(server.path + ".1");
  std::string new_text = contents_of(server.path);
  CHECK_CONTAINS(old_text, "one\n");
  CHECK_CONTAINS(old_text, "two\n");
  CHECK(old_text.find("three") == std::string::npos);
  CHECK_CONTAINS(new_text, "three\n");
  CHECK_CONTAINS(new_text, "four\n");
}

TEST(a_second_rotation_is_followed_as_well) {
  LogServer server;
  LogFile log = server.log();
  for (const char* line : {"one", "two", "three"}) {
    log.error(line);
    CHECK_CONTAINS(contents_of(server.path), line);
    server.rotate();
    std::ofstream(server.path) << "";
  }
}

// Who may write to the folder chooses what lies under the log's name.
TEST(no_link_leads_the_log_into_another_file) {
  LogServer server;
  LogFile log = server.log();
  const std::string victim = server.folder / "victim";
  std::ofstream(victim) << "root's";
  server.rotate();
  std::filesystem::create_symlink(victim, server.path);
  log.error("a line");
  CHECK_EQ(contents_of(victim), "root's");
  std::filesystem::remove(server.path);
  std::filesystem::create_hard_link(victim, server.path);
  log.error("a line");
  CHECK_EQ(contents_of(victim), "root's");
  CHECK_CONTAINS(contents_of(server.path + ".1"), "a line\n");
}

TEST(a_fifo_in_the_logs_place_holds_nobody_up) {
  LogServer server;
  LogFile log = server.log();
  server.rotate();
  CHECK_EQ(mkfifo(server.path.c_str(), 0666), 0);
  log.error("a line");
  UniqueFd reader(open(server.path.c_str(), O_RDONLY | O_NONBLOCK));
  log.error("another");
  CHECK_CONTAINS(contents_of(server.path + ".1"), "another\n");
}

TEST(a_link_of_the_operators_to_descriptor_two_is_no_rotation) {
  LogServer server;
  server.rotate();
  std::filesystem::create_symlink(server.path + ".1", server.path);
  server.log().error("a line");
  CHECK_CONTAINS(contents_of(server.path + ".1"), "a line\n");
}

TEST(without_a_path_descriptor_two_is_the_log) {
  LogServer server;
  LogFile log(server.env, ServerKind::nginx, {"", false, Level::error});
  log.error("a line");
  CHECK_CONTAINS(contents_of(server.path), "a line\n");
}

// As systemd-journald: each datagram is an entry.
class JournalServer {
 public:
  JournalServer() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    CHECK_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  std::string path() const { return folder_ / "socket"; }
  std::string entry() {
    char bytes[4096];
    ssize_t n = recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, n > 0 ? static_cast<std::size_t>(n) : 0};
  }

 private:
  Folder folder_;
  UniqueFd fd_;
};

Config two_names() {
  Config config;
  config.certificates.resize(1);
  config.certificates[0].id = "example.com";
  config.issuers.resize(1);
  config.issuers[0].id = "letsencrypt";
  return config;
}

TEST(the_journal_has_priorities_and_fields) {
  LogServer server;
  JournalServer journal;
  LogFile log = server.log();
  log.use_journal(keeper::Journal(journal.path()), two_names());
  log.warning("example.com: the CA is away: for long");
  CHECK_EQ(journal.entry(),
           "MESSAGE=example.com: the CA is away: for long\nPRIORITY=4\nSYSLOG_IDENTIFIER=acme\n"
           "ACME_SERVER=nginx\nACME_CERTIFICATE=example.com\n");
  log.error("example.com/rsa-2048: it failed");
  CHECK_CONTAINS(journal.entry(), "\nACME_CERTIFICATE=example.com\nACME_KEY=rsa-2048\n");
  log.notice("letsencrypt: the account is ready");
  CHECK_CONTAINS(journal.entry(), "\nACME_ISSUER=letsencrypt\n");
  log.notice("helper: all is well");
  CHECK_EQ(journal.entry(),
           "MESSAGE=helper: all is well\nPRIORITY=5\nSYSLOG_IDENTIFIER=acme\nACME_SERVER=nginx\n");
  log.info("example.com: finer than was asked for");
  CHECK_EQ(journal.entry(), "");
  CHECK_EQ(contents_of(server.path), "");
}

TEST(no_line_becomes_a_field_of_its_own) {
  JournalServer journal;
  CHECK(keeper::Journal(journal.path()).send({{"MESSAGE", "a\nPRIORITY=0"}}));
  CHECK_EQ(journal.entry(), std::string("MESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n", 29));
}

TEST(what_the_journal_does_not_take_stands_in_the_log) {
  LogServer server;
  LogFile log = server.log();
  log.use_journal(keeper::Journal(server.folder / "nobody"), two_names());
  log.error("example.com: a line");
  JournalServer full;  // and nobody reads
  LogFile other = server.log();
  other.use_journal(keeper::Journal(full.path()), two_names());
  for (int i = 0; i < 2000; ++i) other.error("example.com: another line");
  CHECK_CONTAINS(contents_of(server.path), "example.com: a line\n");
  CHECK_CONTAINS(contents_of(server.path), "example.com: another line\n");
}

TEST(the_journal_is_known_by_its_descriptor) {
  Folder folder;
  UniqueFd file(open((folder / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct stat info {};
  CHECK_EQ(fstat(file.get(), &info), 0);
  const std::string stream = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  CHECK(keeper::is_journal(file.get(), stream.c_str()));
  CHECK(!keeper::is_journal(file.get(), (stream + "0").c_str()));
  CHECK(!keeper::is_journal(file.get(), nullptr));
  CHECK(!keeper::is_journal(-1, stream.c_str()));
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
