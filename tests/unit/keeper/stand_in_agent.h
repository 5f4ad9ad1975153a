// This test program in the place of acme-agent. What it does is told by the file
// `orders` beside it, read when it starts.
#pragma once

#include <set>

#include "base/archive.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "unit/keeper/processes.h"

namespace acme::test {

// A folder with an acme-agent in it that obeys.
class AgentFolder {
 public:
  explicit AgentFolder(const std::string& orders) {
    std::filesystem::create_symlink("/proc/" + std::to_string(getpid()) + "/exe",
                                    folder / "acme-agent");
    obey(orders);
  }
  void obey(const std::string& orders) { std::ofstream(folder / "orders") << orders; }
  // For an agent that is another user: a copy, where that user may look.
  void open_to_all() {
    std::filesystem::remove(folder / "acme-agent");
    std::filesystem::copy_file("/proc/self/exe", folder / "acme-agent");
    chmod((folder / "acme-agent").c_str(), 0755);
    chmod(folder.path().c_str(), 0755);
    chmod((folder / "orders").c_str(), 0644);
  }

  Folder folder;
};

class StandInAgent {
 public:
  int run(const std::string& program) {
    orders_ = contents_of(program.substr(0, program.rfind('/')) + "/orders");
    if (orders_ == "exit") return 3;
    if (orders_ == "scream") return scream();
    if (orders_ == "flood") return flood();
    if (orders_ == "babble") return babble();
    for (;;) {
      pollfd p{channel_.fd(), POLLIN, 0};
      poll(&p, 1, 1000);
      auto frames = channel_.receive();
      if (!frames) return 0;
      for (const Frame& frame : *frames) hear(frame);
    }
  }

 private:
  void say(const std::string& line) {
    (void)channel_.send(static_cast<std::uint16_t>(ipc::Type::log_line), 0,
                        encode(ipc::LogLine{static_cast<int>(Level::notice), line}));
  }

  void hear(const Frame& frame) {
    if (frame.type == static_cast<std::uint16_t>(ipc::Type::welcome)) {
      auto welcome = decode<ipc::Welcome>(frame.payload.view());
      say("stand-in " + std::to_string(getpid()) + " uid " + std::to_string(getuid()) + " gid " +
          std::to_string(getgid()) + " descriptors " + open_descriptors() + " lineages " +
          std::to_string(welcome ? welcome->lineages.size() : 0));
      if (orders_ == "unknown") (void)channel_.send(99, 1, Secret());
      if (orders_.starts_with("order")) order();
      if (orders_ == "wait and save") save();
    }
    if (frame.type == static_cast<std::uint16_t>(ipc::Type::renew_now)) {
      auto renew = decode<ipc::RenewNow>(frame.payload.view());
      say("renew " + (renew ? renew->lineage.certificate : "?"));
    }
  }

  template <class Request>
  void ask(const Request& request) {
    (void)channel_.send(static_cast<std::uint16_t>(Request::kType), 1, encode(request));
  }

  // As far as the CA's answer to newOrder, and then an end of this kind or that.
  void order() {
    const Lineage site{"site", KeyType::ecdsa256};
    const std::string ca = "https://ca.example";
    ask(ipc::SignNewAccount{"ca", ca + "/new-account", "bm9uY2U"});
    ask(ipc::AccountCreated{"ca", ca + "/acct/1", ""});
    ask(ipc::SignNewOrder{site, "ca", ca + "/new-order", "bm9uY2U"});
    for (std::size_t answers = 0; answers < 3;) {
      pollfd p{channel_.fd(), POLLIN, 0};
      poll(&p, 1, 1000);
      auto frames = channel_.receive();
      if (!frames) return;
      answers += frames->size();
    }
    say("asked for an order");
    if (orders_ == "order and wait") return;
    if (orders_ == "order slowly") std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ask(ipc::OrderCreated{site, "ca", ca + "/order/1", ca + "/order/1/finalize"});
    if (orders_ == "order and die") raise(SIGKILL);
  }

  void save() {
    say("is told to wait");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ScheduleRecord schedule;
    schedule.retry_after = system_env().now() + 3600;
    ask(ipc::SaveSchedule{{"site", KeyType::ecdsa256}, schedule});
  }

  // "0 1 2 3": the numbers that are open, and nothing of root's among them.
  static std::string open_descriptors() {
    std::string out;
    for (int fd = 0; fd < 64; ++fd)
      if (fcntl(fd, F_GETFD) >= 0) out += (out.empty() ? "" : " ") + std::to_string(fd);
    return out;
  }

  int scream() {
    const char text[] = "a library's last words\nforged \x1b[2J\nwithout an end";
    return write(STDERR_FILENO, text, sizeof text - 1) > 0 ? 4 : 5;
  }

  // Asks without ever reading an answer.
  [[noreturn]] int flood() {
    fcntl(channel_.fd(), F_SETFL, 0);
    Secret payload = encode(ipc::SignFetch{std::string(400, 'x'), "https://x", "n"});
    std::string frame(10, '\0');
    frame[0] = static_cast<char>((payload.size() + 6) & 0xFF);
    frame[1] = static_cast<char>((payload.size() + 6) >> 8);
    frame[4] = static_cast<char>(ipc::Type::sign_fetch);
    frame += payload.view();
    std::string many;
    for (int i = 0; i < 100; ++i) many += frame;
    for (;;)
      if (write(channel_.fd(), many.data(), many.size()) < 0) _exit(6);
  }

  [[noreturn]] int babble() {
    for (;;)
      if (write(STDERR_FILENO, "babble\n", 7) < 0) _exit(6);
  }

  std::string orders_;
  Channel channel_{UniqueFd(3)};
};

}  // namespace acme::test
