// The metrics, as Prometheus reads them.
#include <map>
#include <set>
#include <sstream>

#include "unit/serve/status_example.h"

using namespace acme;
using namespace acme::test;

namespace {

StatusExample some() {
  StatusExample example;
  example.add(example.certificate("a.example.org").set("stage", "ordering"))
      .add(example.failing("b.example.org", "dns: none"));
  example.supply("/etc/ssl/c.pem", "c.example.net", 100 * kDay);
  return example;
}

}  // namespace

TEST(each_certificate_has_its_end_its_state_and_its_failures) {
  std::string text = some().metrics();
  const std::string a =
      "{certificate=\"a.example.org\",key=\"ecdsa:256\",issuer=\"letsencrypt\",source=\"managed\"";
  const std::string b =
      "{certificate=\"b.example.org\",key=\"ecdsa:256\",issuer=\"letsencrypt\",source=\"managed\"";
  const std::string c =
      "{certificate=\"/etc/ssl/c.pem\",key=\"\",issuer=\"Company CA\",source=\"supplied\"";
  auto number = [](WallTime time) { return std::to_string(time) + "\n"; };
  for (const std::string& line : {
           "acmecore_certificate_not_after_seconds" + a + "} " + number(kNow + 60 * kDay),
           "acmecore_certificate_not_after_seconds" + c + "} " + number(kNow + 100 * kDay),
           "acmecore_certificate_renewal_seconds" + a + "} " + number(kNow + 30 * kDay),
           "acmecore_certificate_state" + a + ",state=\"valid\"} 1\n",
           "acmecore_certificate_state" + b + ",state=\"failing\"} 1\n",
           "acmecore_certificate_failures" + b + "} 3\n",
           "acmecore_certificate_last_failure_seconds" + b + "} " + number(kNow - kHour),
           "acmecore_certificate_next_try_seconds" + b + "} " + number(kNow + kHour),
           std::string("acmecore_certificates{state=\"valid\"} 2\n"),
           std::string("acmecore_certificates{state=\"expired\"} 0\n"),
           std::string("acmecore_helper_up 1\n"),
           std::string("acmecore_orders_under_way 1\n"),
           std::string("acmecore_issuer_account{issuer=\"letsencrypt\",directory_url=\"https://"
                       "ca.example/dir\"} 1\n"),
       })
    CHECK_CONTAINS(text, line);
  CHECK(!contains(text, "not_after_seconds" + b));  // there is none
}

TEST(labels_are_escaped) {
  StatusExample example;
  example.add(example.certificate("a\\b\"c\nd").set("issuer", "x\"} 1"));
  CHECK_CONTAINS(example.metrics(), "{certificate=\"a\\\\b\\\"c\\nd\",");
  CHECK_CONTAINS(example.metrics(), "issuer=\"x\\\"} 1\"");
}

// What promtool checks, as far as a test without it can.
TEST(each_family_is_described_once_and_stands_together) {
  std::istringstream lines(some().metrics());
  std::set<std::string> families, series;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first >> second >> name;
    if (first == "#" && second == "HELP") {
      CHECK(families.insert(name).second);
      CHECK(line.back() == '.');
      family = name;
    } else if (first == "#") {
      CHECK_EQ(second, "TYPE");
      CHECK_EQ(name, family);
      CHECK(line.ends_with(" gauge"));
    } else {
      CHECK_EQ(line.substr(0, line.find_first_of("{ ")), family);
      CHECK(series.insert(line.substr(0, line.rfind(' '))).second);
    }
  }
  CHECK(families.size() > 10);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
