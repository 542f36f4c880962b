SET foreign_key_checks = 0;
CREATE TABLE `channel` (
  `id` binary(16) NOT NULL,
  `name` varchar(64) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `description` mediumtext DEFAULT NULL,
  `created_by` binary(16) DEFAULT NULL,
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `channel_name` (`name`),
  KEY `channel_kind_name` (`kind`,`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `channel_event` (
  `channel_id` binary(16) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `kind` varchar(24) NOT NULL,
  `actor_id` binary(16) NOT NULL,
  `user_id` binary(16) DEFAULT NULL,
  `message_seq` bigint(20) DEFAULT NULL,
  `at` datetime(6) NOT NULL,
  PRIMARY KEY (`channel_id`,`seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `channel_head` (
  `channel_id` binary(16) NOT NULL,
  `last_seq` bigint(20) NOT NULL,
  `message_count` bigint(20) NOT NULL,
  `acl_version` bigint(20) NOT NULL,
  `last_at` datetime(6) NOT NULL,
  `archived_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`channel_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `membership` (
  `channel_id` binary(16) NOT NULL,
  `user_id` binary(16) NOT NULL,
  `role` varchar(16) NOT NULL,
  `joined_at` datetime(6) NOT NULL,
  `joined_seq` bigint(20) NOT NULL,
  `read_seq` bigint(20) NOT NULL,
  PRIMARY KEY (`channel_id`,`user_id`),
  KEY `membership_user` (`user_id`,`channel_id`),
  CONSTRAINT `membership_channel_id_fk` FOREIGN KEY (`channel_id`) REFERENCES `channel` (`id`) ON DELETE CASCADE,
  CONSTRAINT `membership_user_id_fk` FOREIGN KEY (`user_id`) REFERENCES `user_account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `message` (
  `channel_id` binary(16) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `id` binary(16) NOT NULL,
  `author_id` binary(16) NOT NULL,
  `text` mediumtext NOT NULL,
  `ordinal` bigint(20) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`channel_id`,`seq`),
  KEY `message_channel_time` (`channel_id`,`created_at`,`seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `meta` (
  `name` varchar(64) NOT NULL,
  `value` varchar(255) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `refresh_token` (
  `token_hash` binary(32) NOT NULL,
  `session_id` binary(16) NOT NULL,
  `issued_at` datetime(6) NOT NULL,
  `used_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`token_hash`),
  KEY `refresh_token_session` (`session_id`),
  CONSTRAINT `refresh_token_session_id_fk` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `seaql_migrations` (
  `version` varchar(255) NOT NULL,
  `applied_at` bigint(20) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
CREATE TABLE `send_outcome` (
  `id` binary(16) NOT NULL,
  `author_id` binary(16) NOT NULL,
  `fingerprint` binary(16) NOT NULL,
  `channel_id` binary(16) NOT NULL,
  `seq` bigint(20) DEFAULT NULL,
  `reason` varchar(32) DEFAULT NULL,
  `at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `session` (
  `id` binary(16) NOT NULL,
  `user_id` binary(16) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  `last_used_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `ended_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `session_user` (`user_id`),
  CONSTRAINT `session_user_id_fk` FOREIGN KEY (`user_id`) REFERENCES `user_account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `user_account` (
  `id` binary(16) NOT NULL,
  `username` varchar(32) NOT NULL,
  `email` varchar(254) DEFAULT NULL,
  `first_name` varchar(64) NOT NULL,
  `last_name` varchar(64) DEFAULT NULL,
  `kind` varchar(16) NOT NULL,
  `role` varchar(16) NOT NULL,
  `password_hash` varchar(255) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `user_account_username` (`username`),
  UNIQUE KEY `user_account_email` (`email`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
CREATE TABLE `worker` (
  `id` binary(16) NOT NULL,
  `name` varchar(128) NOT NULL,
  `partitions` varchar(255) NOT NULL,
  `partition_count` bigint(20) NOT NULL,
  `started_at` datetime(6) NOT NULL,
  `seen_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC;
INSERT INTO seaql_migrations (version, applied_at) VALUES
    ('t0001_meta', 1761000000),
    ('t0002_user_account', 1761000000),
    ('user_account_username', 1761000000),
    ('user_account_email', 1761000000),
    ('t0003_session', 1761000000),
    ('session_user', 1761000000),
    ('t0004_refresh_token', 1761000000),
    ('refresh_token_session', 1761000000),
    ('t0005_channel', 1761000000),
    ('channel_name', 1761000000),
    ('channel_kind_name', 1761000000),
    ('t0006_channel_head', 1761000000),
    ('t0007_membership', 1761000000),
    ('membership_user', 1761000000),
    ('t0008_message', 1761000000),
    ('message_channel_time', 1761000000),
    ('t0009_channel_event', 1761000000),
    ('t0010_send_outcome', 1761000000),
    ('t0011_worker', 1761000000);
SET foreign_key_checks = 1;
