/* The ABI's test plays the helper too: see playing_helper.c. */
#ifndef PLAYING_HELPER_H
#define PLAYING_HELPER_H

/* Says that it is ready, and lives as long as the server. */
int play_helper(void);

#endif
