/*
 * The helper's life. It belongs to the parent process, which reaps it, and
 * ends when the last descriptor of its handle is closed.
 *
 * A restart unloads this module with its configuration and loads it again,
 * perhaps elsewhere in memory and of another version: the handle goes from one
 * generation to the next as plain numbers in the process pool. Its descriptor
 * meanwhile belongs to the pool of the logs, which httpd clears before the new
 * configuration is used: if we are not in that any more, this ends the helper.
 *
 * A fault of the helper never stops the server.
 *
 * License: Apache-2.0
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mod_acme.h"
#include "apr_portable.h"
#include "apr_thread_proc.h"
#include "ap_mpm.h"
#include "mpm_common.h"

APLOG_USE_MODULE(acme);

/* milliseconds that a restart may take longer, so that new workers know all
   challenges under way from the start */
#define HANDOVER 3000

/* between two starts of a helper that does not last */
#define SHORTEST_PAUSE apr_time_from_sec(10)
#define LONGEST_PAUSE apr_time_from_sec(600)
#define LASTING apr_time_from_sec(60)

/* a descriptor of this and that for the rest of httpd's start */
#define SPARE_DESCRIPTORS 24

#define KEPT_KEY "mod_acme.kept.1"
typedef struct {
    int running;    /* the first start is over */
    int has_helper; /* handed on to the generation to come */
    acme_helper_state helper;
} kept_data;

/* one of the processes that we have started */
typedef struct {
    apr_proc_t proc;
    struct mod_acme_helper *helper;
    int registered;
} child;

struct mod_acme_helper {
    mod_acme_conf *conf;
    pid_t parent;

    acme_helper *handle;   /* NULL: there is none */
    acme_helper *previous; /* of the generation before */
    child current, leaving;

    apr_time_t started;
    apr_time_t next_start; /* not before that */
    apr_interval_time_t pause;
    int failures; /* said already */
};

static mod_acme_conf *conf_of(const server_rec *s)
{
    return mod_acme_server_of(s)->conf;
}

/* -- from one generation to the next -------------------------------------- */

static kept_data *kept(const server_rec *s)
{
    apr_pool_t *pool = s->process->pool;
    void *data = NULL;

    apr_pool_userdata_get(&data, KEPT_KEY, pool);
    if (!data) {
        data = apr_pcalloc(pool, sizeof(kept_data));
        /* not setn: the key lies in this module, too */
        apr_pool_userdata_set(data, KEPT_KEY, apr_pool_cleanup_null, pool);
    }
    return data;
}

int mod_acme_is_running(const server_rec *s)
{
    return kept(s)->running;
}

/* The descriptor that was kept is closed soon: what we go on with is ours. */
static acme_helper *adopt(kept_data *kept)
{
    acme_helper *handle = NULL;
    acme_helper_state state = kept->helper;

    kept->has_helper = 0;
    state.descriptor = fcntl(state.descriptor, F_DUPFD_CLOEXEC, 3);
    if (state.descriptor < 0)
        return NULL;
    if (acme_helper_adopt(&state, &handle) != ACME_OK) {
        close(state.descriptor);
        return NULL;
    }
    return handle;
}

void mod_acme_take_over(mod_acme_conf *conf)
{
    kept_data *data = kept(conf->server);
    struct mod_acme_helper *helper = apr_pcalloc(conf->pool, sizeof(*helper));

    helper->conf = conf;
    helper->parent = getpid();
    helper->current.helper = helper->leaving.helper = helper;
    helper->pause = SHORTEST_PAUSE;
    conf->helper = helper;
    if (data->has_helper)
        helper->previous = adopt(data);
}

static void hand_on(mod_acme_conf *conf, acme_helper *handle)
{
    kept_data *data = kept(conf->server);
    apr_file_t *file;

    acme_helper_release(handle, &data->helper);
    data->has_helper = 1;
    apr_os_pipe_put_ex(&file, &data->helper.descriptor, 1, conf->plog);
}

/* The configuration is given up, perhaps in something that was forked. */
void mod_acme_leave(mod_acme_conf *conf)
{
    struct mod_acme_helper *helper = conf->helper;
    acme_helper *handle;

    if (!helper || helper->parent != getpid())
        return;

    handle = helper->handle ? helper->handle : helper->previous;
    if (helper->previous != handle)
        acme_helper_stop(helper->previous);
    helper->handle = helper->previous = NULL;
    if (!handle)
        return;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING)
        acme_helper_stop(handle);
    else
        hand_on(conf, handle);
}

/* -- start ----------------------------------------------------------------- */

static void watch(child *child, pid_t pid);

static void say_failure(struct mod_acme_helper *helper, const char *message)
{
    ap_log_error(APLOG_MARK, helper->failures++ ? APLOG_INFO : APLOG_ERR, 0,
                 helper->conf->server,
                 "no certificate is obtained or renewed, as the helper did "
                 "not start (tried again from time to time): %s",
                 message);
}

/* httpd would end without descriptors for its own affairs. */
static int has_spare_descriptors(void)
{
    int fds[SPARE_DESCRIPTORS];
    int i, n;

    for (n = 0; n < SPARE_DESCRIPTORS; n++)
        if ((fds[n] = fcntl(0, F_DUPFD_CLOEXEC, 3)) < 0 &&
            (errno == EMFILE || errno == ENFILE))
            break;
    for (i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return n == SPARE_DESCRIPTORS;
}

static void try_start(struct mod_acme_helper *helper, unsigned int patience)
{
    acme_helper *before = helper->handle ? helper->handle : helper->previous;
    acme_helper *handle = NULL;

    helper->started = apr_time_now();
    helper->next_start = helper->started + helper->pause;
    helper->pause =
        helper->pause * 2 < LONGEST_PAUSE ? helper->pause * 2 : LONGEST_PAUSE;

    if (!has_spare_descriptors()) {
        say_failure(helper, "too few file descriptors are left");
        return;
    }
    if (acme_helper_start(helper->conf->serving, before, patience, &handle) !=
        ACME_OK) {
        say_failure(helper, acme_error_message());
        return;
    }
    if (helper->failures)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, helper->conf->server,
                     "the helper has started, after %d failures",
                     helper->failures);
    helper->failures = 0;
    /* the one before was stopped and freed by this */
    helper->previous = NULL;
    helper->handle = handle;
    watch(&helper->current, acme_helper_pid(handle));
}

/* The very last of post_config: whatever may fail has not failed. */
static int start_helper(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s)
{
    mod_acme_conf *conf = conf_of(s);
    struct mod_acme_helper *helper;
    kept_data *data;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        !conf || !conf->helper)
        return OK;

    helper = conf->helper;
    data = kept(s);
    if (helper->previous)
        watch(&helper->leaving, acme_helper_pid(helper->previous));
    if (conf->serving && mod_acme_in_use(conf))
        try_start(helper, data->running ? HANDOVER : 0);
    /* with no certificates any more, or without a new one, it would write
       challenges where no worker reads them */
    acme_helper_stop(helper->previous);
    helper->previous = NULL;
    data->running = 1;
    /* nobody asks it any more, and the children need not have it */
    acme_config_free(conf->core);
    conf->core = NULL;
    return OK;
}

/* -- watch ---------------------------------------------------------------- */

static int is_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS ||
           state == AP_MPMQ_STOPPING;
}

static int is_alive(const struct mod_acme_helper *helper)
{
    return helper->handle && acme_helper_alive(helper->handle);
}

/* The parent has reaped a process of ours. */
static void on_child(int reason, void *data, int status)
{
    child *child = data;
    struct mod_acme_helper *helper = child->helper;

    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST)
        return;

    child->registered = 0;
    apr_proc_other_child_unregister(child);
    if (child != &helper->current || is_stopping())
        return;

    /* the keeper may have taken its supervisor's place */
    if (is_alive(helper))
        return;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, helper->conf->server,
                 "the helper (pid %" APR_PID_T_FMT ") has ended",
                 child->proc.pid);
    if (apr_time_now() - helper->started > LASTING) {
        helper->pause = SHORTEST_PAUSE;
        try_start(helper, 0);
    }
}

static void watch(child *child, pid_t pid)
{
    if (child->registered)
        apr_proc_other_child_unregister(child);
    child->proc.pid = pid;
    child->proc.in = child->proc.out = child->proc.err = NULL;
    child->registered = 1;
    apr_proc_other_child_register(&child->proc, on_child, child, NULL,
                                  child->helper->conf->pool);
}

/* Every ten seconds, in the parent. */
static int monitor(apr_pool_t *p, server_rec *s)
{
    mod_acme_conf *conf = conf_of(s);
    struct mod_acme_helper *helper = conf ? conf->helper : NULL;

    if (helper && conf->serving && !is_stopping() && !is_alive(helper) &&
        apr_time_now() >= helper->next_start)
        try_start(helper, 0);
    return DECLINED;
}

/* Under -X the one process is the parent. */
static void forget_helper(apr_pool_t *pchild, server_rec *s)
{
    mod_acme_conf *conf = conf_of(s);
    struct mod_acme_helper *helper = conf ? conf->helper : NULL;

    if (!helper || helper->parent == getpid())
        return;
    acme_helper_forget(helper->handle);
    acme_helper_forget(helper->previous);
    helper->handle = helper->previous = NULL;
    acme_serving_enter_worker(conf->serving);
}

void mod_acme_register_helper(void)
{
    ap_hook_post_config(start_helper, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_monitor(monitor, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(forget_helper, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
