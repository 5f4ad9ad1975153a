// Each call to the system fails in turn through a whole renewal, and through a
// restart after which nothing is due.
#include "fault/each_call.h"

using namespace acme::test;

TEST(a_whole_renewal) {
  fail_each_call(issued_and_due);
}

TEST(a_restart_with_nothing_due) {
  fail_each_call(issued_yesterday, restart_through);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
