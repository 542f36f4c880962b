CREATE TABLE channel (
    id uuid NOT NULL,
    name varchar(64) NOT NULL,
    kind varchar(16) NOT NULL,
    description text,
    created_by uuid,
    created_at timestamptz NOT NULL
);
CREATE TABLE channel_event (
    channel_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind varchar(24) NOT NULL,
    actor_id uuid NOT NULL,
    user_id uuid,
    message_seq bigint,
    at timestamptz NOT NULL
);
CREATE TABLE channel_head (
    channel_id uuid NOT NULL,
    last_seq bigint NOT NULL,
    message_count bigint NOT NULL,
    acl_version bigint NOT NULL,
    last_at timestamptz NOT NULL,
    archived_at timestamptz
);
CREATE TABLE membership (
    channel_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role varchar(16) NOT NULL,
    joined_at timestamptz NOT NULL,
    joined_seq bigint NOT NULL,
    read_seq bigint NOT NULL
);
CREATE TABLE message (
    channel_id uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    author_id uuid NOT NULL,
    text text NOT NULL,
    ordinal bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE meta (
    name varchar(64) NOT NULL,
    value varchar(255) NOT NULL
);
CREATE TABLE refresh_token (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE TABLE seaql_migrations (
    version varchar NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE send_outcome (
    id uuid NOT NULL,
    author_id uuid NOT NULL,
    fingerprint uuid NOT NULL,
    channel_id uuid NOT NULL,
    seq bigint,
    reason varchar(32),
    at timestamptz NOT NULL
);
CREATE TABLE session (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE TABLE user_account (
    id uuid NOT NULL,
    username varchar(32) NOT NULL,
    email varchar(254),
    first_name varchar(64) NOT NULL,
    last_name varchar(64),
    kind varchar(16) NOT NULL,
    role varchar(16) NOT NULL,
    password_hash varchar(255) NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE worker (
    id uuid NOT NULL,
    name varchar(128) NOT NULL,
    partitions varchar(255) NOT NULL,
    partition_count bigint NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
ALTER TABLE ONLY channel_event ADD CONSTRAINT channel_event_pkey PRIMARY KEY (channel_id, seq);
ALTER TABLE ONLY channel_head ADD CONSTRAINT channel_head_pkey PRIMARY KEY (channel_id);
ALTER TABLE ONLY channel ADD CONSTRAINT channel_pkey PRIMARY KEY (id);
ALTER TABLE ONLY membership ADD CONSTRAINT membership_pkey PRIMARY KEY (channel_id, user_id);
ALTER TABLE ONLY message ADD CONSTRAINT message_pkey PRIMARY KEY (channel_id, seq);
ALTER TABLE ONLY meta ADD CONSTRAINT meta_pkey PRIMARY KEY (name);
ALTER TABLE ONLY refresh_token ADD CONSTRAINT refresh_token_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY seaql_migrations ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY send_outcome ADD CONSTRAINT send_outcome_pkey PRIMARY KEY (id);
ALTER TABLE ONLY session ADD CONSTRAINT session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY user_account ADD CONSTRAINT user_account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY worker ADD CONSTRAINT worker_pkey PRIMARY KEY (id);
CREATE INDEX channel_kind_name ON channel USING btree (kind, name);
CREATE UNIQUE INDEX channel_name ON channel USING btree (name);
CREATE INDEX membership_user ON membership USING btree (user_id, channel_id);
CREATE INDEX message_channel_time ON message USING btree (channel_id, created_at, seq);
CREATE INDEX refresh_token_session ON refresh_token USING btree (session_id);
CREATE INDEX "session_user" ON session USING btree (user_id);
CREATE UNIQUE INDEX user_account_email ON user_account USING btree (email);
CREATE UNIQUE INDEX user_account_username ON user_account USING btree (username);
ALTER TABLE ONLY membership ADD CONSTRAINT membership_channel_id_fk FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE;
ALTER TABLE ONLY membership ADD CONSTRAINT membership_user_id_fk FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE;
ALTER TABLE ONLY refresh_token ADD CONSTRAINT refresh_token_session_id_fk FOREIGN KEY (session_id) REFERENCES session(id) ON DELETE CASCADE;
ALTER TABLE ONLY session ADD CONSTRAINT session_user_id_fk FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE;
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
