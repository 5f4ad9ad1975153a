// What acmectl says when no server is there: every path where it looked, and what to do.
#include "ctl/reach.h"

#include "unit/check.h"

using namespace acme;
using namespace acme::ctl;

namespace {

const std::vector<Place> kNowhere = {{"/nonexistent/acme/nginx", "/nonexistent/run/nginx"},
                                     {"/nonexistent/acme/httpd", "/nonexistent/run/httpd"}};

TEST(what_only_a_server_can_do_names_where_one_was_looked_for) {
  auto answer = reach(kNowhere, {ipc::ControlType::check});
  CHECK_EQ(answer.error().message,
           "no server answers at /nonexistent/run/nginx or /nonexistent/run/httpd: only a running "
           "one can do that; start it, or name its runtime path with --runtime");
}

TEST(without_server_and_store_both_paths_are_named) {
  auto answer = reach(kNowhere, {ipc::ControlType::status, {}, "status"});
  CHECK_EQ(answer.error().message,
           "no server answers and there is no store at /nonexistent/acme/nginx or "
           "/nonexistent/acme/httpd; name the server's state path with --state");
  CHECK_EQ(read_store(kNowhere, "eject", {}).error().message,
           "there is no store at /nonexistent/acme/nginx or /nonexistent/acme/httpd; name the "
           "server's state path with --state");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
