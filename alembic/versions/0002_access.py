"""Roles, grants and row-level security.

A policy says one thing for one role: an OR would keep the planner from the index.
FORCE holds the tables' owner back too, so the role that migrates must be SUPERUSER
or BYPASSRLS, and CREATEROLE.

Revision: 0002; after: 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Logs in for web: sees the rows of the user it speaks for.
# Logs in for workers: the engine, sees every job; job code wears the web role.
# Worn by web for requests of operators.  Owns the functions that find a key's user.
ROLES = """
DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('nightwork roles'));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nightwork_operator') THEN
        CREATE ROLE nightwork_operator NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nightwork_doorman') THEN
        CREATE ROLE nightwork_doorman NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nightwork_web') THEN
        CREATE ROLE nightwork_web LOGIN NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nightwork_worker') THEN
        CREATE ROLE nightwork_worker LOGIN NOINHERIT;
    END IF;
END $$;
GRANT nightwork_operator TO nightwork_web;
GRANT nightwork_web TO nightwork_worker;
GRANT USAGE ON SCHEMA public TO nightwork_operator, nightwork_doorman,
    nightwork_web, nightwork_worker;
"""

# table: (of its own user for web, of all for the operator, of all for the engine)
RIGHTS = {
    "jobs": ("SELECT, INSERT, UPDATE", "SELECT, UPDATE", "ALL"),
    "job_data": ("SELECT, INSERT, UPDATE", "SELECT, UPDATE", "ALL"),
    "job_steps": ("SELECT, UPDATE", "SELECT, UPDATE", "ALL"),
    "job_events": ("SELECT, INSERT", "SELECT, INSERT", "ALL"),
    "failed_jobs": ("SELECT, UPDATE", "SELECT, UPDATE", "ALL"),
    "idempotency_keys": ("SELECT, INSERT, DELETE", "", "SELECT, DELETE"),
    "build_sessions": ("SELECT, INSERT, UPDATE, DELETE", "SELECT", ""),
    "audit_sources": ("SELECT, INSERT, UPDATE, DELETE", "", "SELECT, DELETE"),
    "audits": ("SELECT, INSERT, UPDATE, DELETE", "SELECT", ""),
}

_OWN = "user_id = NULLIF(current_setting('nw.user_id', true), '')::uuid"

_ROLES_IN_ORDER = (
    ("nightwork_web", "own", _OWN),
    ("nightwork_operator", "operator", "true"),
    ("nightwork_worker", "engine", "true"),
)

# No row of these belongs to a user's own reading.
OTHERS = """
GRANT SELECT ON workers TO nightwork_web, nightwork_operator;
GRANT ALL ON workers TO nightwork_worker;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
GRANT SELECT ON users TO nightwork_web, nightwork_operator;
GRANT SELECT, INSERT ON users TO nightwork_doorman;
GRANT SELECT ON api_keys TO nightwork_doorman;
CREATE POLICY own ON users TO nightwork_web
    USING (id = NULLIF(current_setting('nw.user_id', true), '')::uuid);
CREATE POLICY operator ON users TO nightwork_operator USING (true);
CREATE POLICY doorman ON users TO nightwork_doorman USING (true);
CREATE POLICY doorman ON api_keys TO nightwork_doorman USING (true);
"""

# They answer one question each, to a caller who cannot read the tables.
FUNCTIONS = """
CREATE FUNCTION nightwork_key_holder(hash bytea)
RETURNS TABLE (user_id uuid, scope text, key_hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.user_id, k.scope, k.key_hash FROM public.api_keys k
    WHERE k.key_hash = hash AND k.revoked_at IS NULL
$$;
CREATE FUNCTION nightwork_user_of(new_id uuid, wanted text)
RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO public.users (id, name, subject) VALUES (new_id, wanted, wanted)
    ON CONFLICT (subject) DO NOTHING;
    SELECT u.id FROM public.users u WHERE u.subject = wanted
$$;
REVOKE ALL ON FUNCTION nightwork_key_holder(bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION nightwork_user_of(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nightwork_key_holder(bytea) TO nightwork_web;
GRANT EXECUTE ON FUNCTION nightwork_user_of(uuid, text) TO nightwork_web;
GRANT nightwork_doorman TO CURRENT_USER;
GRANT CREATE ON SCHEMA public TO nightwork_doorman;
ALTER FUNCTION nightwork_key_holder(bytea) OWNER TO nightwork_doorman;
ALTER FUNCTION nightwork_user_of(uuid, text) OWNER TO nightwork_doorman;
REVOKE CREATE ON SCHEMA public FROM nightwork_doorman;
"""

DROP_FUNCTIONS = """
DROP FUNCTION nightwork_key_holder(bytea);
DROP FUNCTION nightwork_user_of(uuid, text);
"""


def guard(table: str) -> str:
    """Write the grants and policies of one table that has a `user_id`."""
    lines = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
    ]
    for (role, policy, rows), rights in zip(
        _ROLES_IN_ORDER, RIGHTS[table], strict=True
    ):
        if rights:
            lines.append(f"GRANT {rights} ON {table} TO {role};")
            lines.append(f"CREATE POLICY {policy} ON {table} TO {role} USING ({rows});")
    return "\n".join(lines)


def _run(statements: str) -> None:
    # Several statements at once, and `%` as it stands: so without parameters.
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def upgrade() -> None:
    """Go forward."""
    _run(ROLES)
    for table in RIGHTS:
        _run(guard(table))
    _run(OTHERS)
    _run(FUNCTIONS)


def downgrade() -> None:
    """Go back; the roles stay, since other databases of the cluster may use them."""
    _run(DROP_FUNCTIONS)
    policies = op.get_bind().exec_driver_sql(
        "SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public'"
    )
    for policy, table in policies.all():
        _run(f"DROP POLICY {policy} ON {table}")
    for table in (*RIGHTS, "users", "api_keys", "workers"):
        _run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        _run(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        _run(
            f"REVOKE ALL ON {table} FROM nightwork_web, nightwork_operator,"
            " nightwork_doorman, nightwork_worker"
        )
