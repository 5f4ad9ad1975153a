// The operator's own certificate files, and the status that a worker has of all.
#include "serve/supplied.h"

#include "unit/serve/serve_fixture.h"

using namespace acme;
using namespace acme::serve;
using namespace acme::test;

namespace {

std::string pem_of(const Issued& issued) {
  return chain_to_pem({issued.leaf.der(), issued.ca_der});
}

std::string file_with(Server& server, const std::string& name, const std::string& text) {
  std::string path = server.folder.path(name);
  std::ofstream(path) << text;
  return path;
}

std::string state_of(const Json& document, const std::string& id) {
  for (const Json& certificate : document["certificates"].items())
    if (certificate["id"].text_or("") == id) return certificate["state"].text_or("");
  return "none";
}

}  // namespace

TEST(a_file_says_names_dates_and_issuer_whatever_else_is_in_it) {
  Server server;
  Issued issued = server.ca.issue({"b.example.net", "a.example.net"});
  std::string key = std::string(REQUIRE_OK(issued.leaf.key().pem()).view());
  SuppliedFiles files;
  files.add(4, file_with(server, "both.pem", "# ours\n" + key + pem_of(issued)));
  files.add(5, server.folder.path("both.pem"));
  std::vector<SuppliedCertificate> read = files.read();
  CHECK_EQ(read.size(), 1);
  CHECK_EQ(read[0].error, "");
  CHECK(read[0].names == Words({"a.example.net", "b.example.net"}));
  CHECK_EQ(read[0].issuer_name, "Test Root");
  CHECK_EQ(read[0].serial, issued.serial());
  CHECK(read[0].not_after > read[0].not_before);
  CHECK(read[0].sites == std::vector<std::uint32_t>({4, 5}));
}

TEST(a_file_that_cannot_be_read_says_why) {
  Server server;
  SuppliedFiles files;
  files.add(0, server.folder.path("gone.pem"));
  files.add(1, server.folder.path("bin"));
  files.add(2, file_with(server, "words.pem", "no certificate\n"));
  files.add(3, file_with(server, "empty.pem", ""));
  files.add(4, "pkcs11:object=x");
  std::vector<SuppliedCertificate> read = files.read();
  CHECK_EQ(read.size(), 5);
  CHECK_CONTAINS(read[0].error, "No such file");
  CHECK_CONTAINS(read[1].error, "no regular file");
  CHECK_CONTAINS(read[2].error, "no certificate");
  CHECK_CONTAINS(read[3].error, "no certificate");
  CHECK(!read[4].error.empty());
}

TEST(without_a_helper_the_status_is_what_is_served) {
  Server server;
  server.config.main("acme", {"on"});
  server.config.site({"a.example.org"});
  server.config.site({"b.example.org"});
  Issued issued = server.saved(ecdsa("a.example.org"), {"a.example.org"});
  server.open();
  StatusSource source = server.serving->status();
  CHECK(!source.from_helper);
  CHECK(source.helper_needed);
  CHECK_EQ(state_of(source.document, "a.example.org"), "valid");
  CHECK_EQ(state_of(source.document, "b.example.org"), "pending");
  CHECK_EQ(source.document["certificates"].items()[0]["serial"].text_or(""), issued.serial());

  REQUIRE_OK(server.board().publish_status("{\"version\":1,\"certificates\":[]}"));
  source = server.serving->status();
  CHECK(source.from_helper);
  CHECK_EQ(source.document["certificates"].items().size(), 0);
}

TEST(a_bridge_is_replaced_when_its_certificate_is_there) {
  Server server;
  auto site = server.config.site({"a.example.org"}, {.own_certificate = true});
  site.set("acme", {"on"});
  auto other = server.config.site({"b.example.org"}, {.own_certificate = true});
  SuppliedFiles files;
  files.add(site.number, file_with(server, "a.pem", pem_of(server.ca.issue({"a.example.org"}))));
  files.add(other.number, file_with(server, "b.pem", pem_of(server.ca.issue({"b.example.org"}))));
  server.open().supply(files.read());
  for (const SuppliedInUse& each : server.serving->status().supplied) CHECK(!each.replaced);
  REQUIRE_OK(server.board().publish(0, server.ca.issue({"a.example.org"}).bundle()));
  CHECK(server.serving->status().supplied[0].replaced);
  CHECK(!server.serving->status().supplied[1].replaced);
}

TEST(no_helper_is_missed_where_nothing_is_managed) {
  Server server;
  server.config.site({"a.example.org"}, {.own_certificate = true});
  server.open();
  CHECK(!server.serving->status().helper_needed);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
