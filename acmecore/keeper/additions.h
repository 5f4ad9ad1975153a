// Takes into the running keeper what the domain files say now. Slots of what is
// known stay; what is new gets some of those that the board has to spare, and its
// names go onto the board, where workers find them. What no file names any more
// is not renewed, and served until the server's next reload.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "board/board.h"
#include "config/config.h"
#include "keeper/domain_files.h"

namespace acme::keeper {

// From what there is to what there shall be.
struct Change {
  std::vector<CertificateConfig> certificates;  // all, with their slots
  std::vector<std::string> added;               // ids
  std::vector<std::string> changed;
  std::vector<std::string> gone;
  std::vector<std::string> waiting;  // for a reload: there is no slot for them

  bool empty() const { return added.empty() && disturbs_nothing(); }
  // Whoever has been told of the old ones need only hear of the new ones.
  bool disturbs_nothing() const { return changed.empty() && gone.empty(); }
};

class Additions {
 public:
  // `config` is the one that is changed; `board`: null where there was no memory for one.
  Additions(Log& log, Config& config, BoardWriter* board);

  // A keeper before us has shown names on this board, and this is the list that it had.
  bool may_resume() const { return resumes_; }
  void resume(std::vector<CertificateConfig> list, std::string sites);  // of ConfigLayout

  Change compare(const DomainFiles::Reading& reading);
  // Whoever points into the list of certificates points at the new one afterwards.
  void apply(const DomainFiles::Reading& reading, Change change);

 private:
  struct Slots {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  bool place(CertificateConfig& certificate);
  void show_names(const DomainFiles::Reading& reading);
  void tell(const DomainFiles::Reading& reading, const Change& change);
  // As it was when the server read it: its workers know it by themselves.
  bool is_original(const CertificateConfig& certificate) const;

  Log& log_;
  Config& config_;
  BoardWriter* board_;
  std::map<std::string, CertificateConfig, std::less<>> originals_;
  std::map<std::string, Slots, std::less<>> slots_;  // by id, of all that ever had some
  std::uint32_t next_slot_ = 0;
  std::uint32_t end_of_slots_ = 0;
  bool resumes_ = false;
  std::size_t told_waiting_ = 0;
  std::size_t told_sites_ = 0;
};

}  // namespace acme::keeper
