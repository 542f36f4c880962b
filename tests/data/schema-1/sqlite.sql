CREATE TABLE "channel" ( "id" uuid_text NOT NULL PRIMARY KEY, "name" varchar(64) NOT NULL, "kind" varchar(16) NOT NULL, "description" text NULL, "created_by" uuid_text NULL, "created_at" timestamp_with_timezone_text NOT NULL );
CREATE TABLE "channel_event" ( "channel_id" uuid_text NOT NULL, "seq" integer NOT NULL, "kind" varchar(24) NOT NULL, "actor_id" uuid_text NOT NULL, "user_id" uuid_text NULL, "message_seq" integer NULL, "at" timestamp_with_timezone_text NOT NULL, PRIMARY KEY ("channel_id", "seq") );
CREATE TABLE "channel_head" ( "channel_id" uuid_text NOT NULL PRIMARY KEY, "last_seq" integer NOT NULL, "message_count" integer NOT NULL, "acl_version" integer NOT NULL, "last_at" timestamp_with_timezone_text NOT NULL, "archived_at" timestamp_with_timezone_text NULL );
CREATE TABLE "membership" ( "channel_id" uuid_text NOT NULL, "user_id" uuid_text NOT NULL, "role" varchar(16) NOT NULL, "joined_at" timestamp_with_timezone_text NOT NULL, "joined_seq" integer NOT NULL, "read_seq" integer NOT NULL, PRIMARY KEY ("channel_id", "user_id"), FOREIGN KEY ("channel_id") REFERENCES "channel" ("id") ON DELETE CASCADE, FOREIGN KEY ("user_id") REFERENCES "user_account" ("id") ON DELETE CASCADE );
CREATE TABLE "message" ( "channel_id" uuid_text NOT NULL, "seq" integer NOT NULL, "id" uuid_text NOT NULL, "author_id" uuid_text NOT NULL, "text" text NOT NULL, "ordinal" integer NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL, PRIMARY KEY ("channel_id", "seq") );
CREATE TABLE "meta" ( "name" varchar(64) NOT NULL PRIMARY KEY, "value" varchar(255) NOT NULL );
CREATE TABLE "refresh_token" ( "token_hash" blob(32) NOT NULL PRIMARY KEY, "session_id" uuid_text NOT NULL, "issued_at" timestamp_with_timezone_text NOT NULL, "used_at" timestamp_with_timezone_text NULL, FOREIGN KEY ("session_id") REFERENCES "session" ("id") ON DELETE CASCADE );
CREATE TABLE "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" integer NOT NULL );
CREATE TABLE "send_outcome" ( "id" uuid_text NOT NULL PRIMARY KEY, "author_id" uuid_text NOT NULL, "fingerprint" uuid_text NOT NULL, "channel_id" uuid_text NOT NULL, "seq" integer NULL, "reason" varchar(32) NULL, "at" timestamp_with_timezone_text NOT NULL );
CREATE TABLE "session" ( "id" uuid_text NOT NULL PRIMARY KEY, "user_id" uuid_text NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL, "last_used_at" timestamp_with_timezone_text NOT NULL, "expires_at" timestamp_with_timezone_text NOT NULL, "ended_at" timestamp_with_timezone_text NULL, FOREIGN KEY ("user_id") REFERENCES "user_account" ("id") ON DELETE CASCADE );
CREATE TABLE "user_account" ( "id" uuid_text NOT NULL PRIMARY KEY, "username" varchar(32) NOT NULL, "email" varchar(254) NULL, "first_name" varchar(64) NOT NULL, "last_name" varchar(64) NULL, "kind" varchar(16) NOT NULL, "role" varchar(16) NOT NULL, "password_hash" varchar(255) NOT NULL, "created_at" timestamp_with_timezone_text NOT NULL );
CREATE TABLE "worker" ( "id" uuid_text NOT NULL PRIMARY KEY, "name" varchar(128) NOT NULL, "partitions" varchar(255) NOT NULL, "partition_count" integer NOT NULL, "started_at" timestamp_with_timezone_text NOT NULL, "seen_at" timestamp_with_timezone_text NOT NULL );
CREATE UNIQUE INDEX "user_account_username" ON "user_account" ("username");
CREATE UNIQUE INDEX "user_account_email" ON "user_account" ("email");
CREATE INDEX "session_user" ON "session" ("user_id");
CREATE INDEX "refresh_token_session" ON "refresh_token" ("session_id");
CREATE UNIQUE INDEX "channel_name" ON "channel" ("name");
CREATE INDEX "channel_kind_name" ON "channel" ("kind", "name");
CREATE INDEX "membership_user" ON "membership" ("user_id", "channel_id");
CREATE INDEX "message_channel_time" ON "message" ("channel_id", "created_at", "seq");
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
