/** Which PostgreSQL an operator runs, and which releases of PostgreSQL a site had better not have. */

/**
 * Majors of PostgreSQL by the version of the cloudnative-pg chart (docs/src/supported_releases.md of its operator); the
 * operator itself refuses none.
 */
export const runnableMajors: Readonly<Record<string, readonly number[]>> = {
  "0.29.0": [14, 15, 16, 17, 18],
};

/**
 * The first good minor of a major, where others stand in the way of what a site does later.
 * @see https://github.com/cloudnative-pg/cloudnative-pg/blob/v1.30.0/docs/src/postgres_upgrades.md
 */
export const firstGoodMinors: Readonly<
  Record<number, { readonly minor: number; readonly why: string }>
> = {
  17: {
    minor: 6,
    why: "upgrades to it fail where max_slot_wal_keep_size is set (fixed in 17.6)",
  },
};

/** Majors that another major can be upgraded to in place (cloudnative-pg, validateImageChange in cluster_webhook.go). */
export const firstUpgradableMajor = 16;

/** Major of a release such as `18.4`. */
export function majorOf(version: string): number {
  return Number(version.split(".")[0]);
}

/**
 * Whether an image's tag begins with a release, as `18.4-1.1.1` does with 18.4. The operator reads the major there, and takes
 * another one for an upgrade that is asked for (docs/src/container_images.md).
 */
export function isTagged(image: string, version: string): boolean {
  const [tag = ""] = (image.split("/").at(-1) ?? "").split(":").slice(1);
  const [rest, before] = [tag.split("@")[0]?.slice(version.length), tag.startsWith(version)];
  return before && /^([._-]|$)/.test(rest ?? "");
}

/**
 * The community's image of a release: Debian 13 with the extensions of PostgreSQL itself, pgvector and pgaudit. Majors are
 * upgraded between images of one distribution only, so that it stays one.
 * @see https://github.com/cloudnative-pg/postgres-containers#standard-images
 */
export function communityImage(version: string): string {
  return `ghcr.io/cloudnative-pg/postgresql:${version}-standard-trixie`;
}

/**
 * Settings that are the operator's own (cloudnative-pg, pkg/postgres/configuration.go, FixedConfigurationParameters): its
 * webhook refuses a Cluster that has one.
 */
export const fixedParameters: ReadonlySet<string> = new Set(
  `allow_system_table_mods archive_mode bonjour bonjour_name cluster_name config_file data_directory data_sync_retry
  event_source external_pid_file hba_file hot_standby ident_file jit_provider listen_addresses logging_collector port
  primary_conninfo primary_slot_name recovery_target recovery_target_action recovery_target_inclusive recovery_target_lsn
  recovery_target_name recovery_target_time recovery_target_timeline recovery_target_xid restore_command
  shared_preload_libraries temp_tablespaces unix_socket_directories unix_socket_group unix_socket_permissions
  archive_cleanup_command archive_command log_destination log_directory log_file_mode log_filename log_rotation_age
  log_rotation_size log_truncate_on_rotation pg_failover_slots.primary_dsn pg_failover_slots.standby_slot_names
  promote_trigger_file recovery_end_command recovery_min_apply_delay restart_after_crash ssl ssl_ca_file ssl_cert_file
  ssl_crl_file ssl_dh_params_file ssl_ecdh_curve ssl_key_file ssl_passphrase_command
  ssl_passphrase_command_supports_reload ssl_prefer_server_ciphers stats_temp_directory synchronous_standby_names
  synchronized_standby_slots syslog_facility syslog_ident syslog_sequence_numbers syslog_split_messages`.split(
    /\s+/,
  ),
);
