/* acme-keeper as the server sees it: descriptor 5 ends with the server, 6 takes a byte. */
#include "playing_helper.h"

#include <poll.h>
#include <unistd.h>

int play_helper(void) {
  struct pollfd death = {5, POLLIN, 0};
  if (write(6, "!", 1) != 1) return 1;
  (void)poll(&death, 1, 20000);
  return 0;
}
