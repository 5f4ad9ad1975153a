/*
 * What httpd knows about itself and the helper must know too: the user of the
 * workers, where the error log is, and the pid file.
 *
 * Asked twice: before the core decides, and again when the logs are open.
 *
 * License: Apache-2.0
 */

#include <unistd.h>

#include "mod_acme.h"
#include "apr_getopt.h"
#include "apr_portable.h"
#include "http_main.h"
#include "mpm_common.h"
#include "unixd.h"

APLOG_USE_MODULE(acme);

static void find_user(acme_environment *env)
{
    env->worker_uid = geteuid();
    env->worker_gid = getegid();
    if (env->worker_uid == 0 && ap_unixd_config.user_id != (uid_t)-1) {
        env->worker_uid = ap_unixd_config.user_id;
        env->worker_gid = ap_unixd_config.group_id;
    }
}

/* ErrorLog is a file, "|program" or "syslog[:facility]". */
static void find_error_log(mod_acme_conf *conf, acme_environment *env)
{
    const server_rec *s = conf->server;
    const char *name = s->error_fname;
    apr_os_file_t fd;

    env->log_path = NULL;
    env->log_fd = -1;
    env->log_syslog = 0;
    env->log_level = ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX);
    if (env->log_level > ACME_LOG_DEBUG)
        env->log_level = ACME_LOG_DEBUG;

    if (s->error_log && apr_os_file_get(&fd, s->error_log) == APR_SUCCESS)
        env->log_fd = fd;
    if (!name || *name == '|')
        return;
    if (strncasecmp(name, "syslog", 6) == 0)
        env->log_syslog = 1;
    else
        env->log_path = ap_server_root_relative(conf->pool, name);
}

/* As main() has found it: -f, in the folder of -d. */
static const char *find_config_file(apr_pool_t *p, const process_rec *process)
{
    const char *file = SERVER_CONFIG_FILE;
    const char *root = HTTPD_ROOT;
    const char *value;
    apr_getopt_t *options;
    char *path;
    char option;

    if (apr_getopt_init(&options, p, process->argc, process->argv) !=
        APR_SUCCESS)
        return NULL;
    options->errfn = NULL;
    while (apr_getopt(options, AP_SERVER_BASEARGS, &option, &value) ==
           APR_SUCCESS) {
        if (option == 'f')
            file = value;
        if (option == 'd')
            root = value;
    }
    if (apr_filepath_merge(&path, root, file, 0, p) != APR_SUCCESS)
        return NULL;
    return path;
}

void mod_acme_collect_environment(mod_acme_conf *conf)
{
    /* plain_http_listener is set by sites.c */
    conf->environment.server_version = AP_SERVER_BASEVERSION;
    conf->environment.pid_file =
        ap_runtime_dir_relative(conf->pool, ap_pid_fname);
    find_user(&conf->environment);
    find_error_log(conf, &conf->environment);
    if (!conf->environment.config_file)
        conf->environment.config_file =
            find_config_file(conf->pool, conf->server->process);
}
