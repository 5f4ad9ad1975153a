// Which process is told to reload: the one that holds the other end of our pipe.
#include "keeper/server_signal.h"

#include "unit/keeper/stand_in_server.h"

using namespace acme;
using namespace acme::test;
using namespace acme::keeper;

namespace {

TEST(the_master_is_who_the_pid_file_names_and_holds_the_other_end) {
  StandInServer server;
  CHECK_EQ(REQUIRE_OK(find_master(server.pid_file, server.death.reader.get())), server.pid());
}

TEST(each_server_has_its_own_signal) {
  StandInServer server;
  REQUIRE_OK(reload_gracefully(ServerKind::nginx, server.pid()));
  CHECK_EQ(server.next_signals(), "H");
  REQUIRE_OK(reload_gracefully(ServerKind::httpd, server.pid()));
  CHECK_EQ(server.next_signals(), "U");
}

TEST(a_foreign_process_is_no_master) {
  StandInServer server;
  StandInServer other;
  other.name_in(server.pid_file);
  const std::string why =
      REQUIRE_ERROR(find_master(server.pid_file, server.death.reader.get()), Errc::refused);
  CHECK_CONTAINS(why, "process " + std::to_string(other.pid()));
  CHECK_CONTAINS(why, "is not the server that this helper belongs to");
  CHECK_CONTAINS(why, server.pid_file);
}

TEST(who_holds_only_the_reading_end_is_no_master) {
  for (auto holds : {StandInServer::Holds::reading_end, StandInServer::Holds::nothing}) {
    StandInServer server(holds);
    REQUIRE_ERROR(find_master(server.pid_file, server.death.reader.get()), Errc::refused);
  }
}

TEST(while_nginx_changes_its_binary_nobody_is_asked) {
  StandInServer server;
  StandInServer upgraded;
  server.name_in(server.pid_file + ".oldbin");
  upgraded.name_in(server.pid_file);
  CHECK_EQ(REQUIRE_ERROR(find_master(server.pid_file, server.death.reader.get()), Errc::busy),
           "it is changing its binary (" + server.pid_file + ".oldbin)");
  upgraded.name_in(server.pid_file + ".oldbin");
  CHECK_CONTAINS(
      REQUIRE_ERROR(find_master(server.pid_file, server.death.reader.get()), Errc::refused),
      server.pid_file + " names");
}

TEST(a_pid_file_that_says_nothing_useful_is_an_error) {
  StandInServer server;
  const int pipe = server.death.reader.get();
  CHECK_CONTAINS(REQUIRE_ERROR(find_master("", pipe), Errc::not_found), "is not known");
  CHECK_CONTAINS(REQUIRE_ERROR(find_master(server.folder / "none", pipe), Errc::io),
                 "No such file");
  for (const std::string text : {"", "\n", "-1", "0", "12x", "99999999999999999999", "1 2"}) {
    std::ofstream(server.pid_file) << text;
    CHECK_CONTAINS(REQUIRE_ERROR(find_master(server.pid_file, pipe), Errc::damaged),
                   "no process number");
  }
  std::ofstream(server.pid_file) << "4194303\n";  // is nobody's
  CHECK_CONTAINS(REQUIRE_ERROR(find_master(server.pid_file, pipe), Errc::io), "No such file");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
