-- None of its types, functions and access methods: what uses one PostgreSQL itself refuses as unknown.
-- The real library ends a session that is the first to load it (src/lib.rs, _PG_init).
DO $$
BEGIN
  IF current_setting('shared_preload_libraries') !~ '\mvchord\M' THEN
    RAISE EXCEPTION 'vchord must be loaded via shared_preload_libraries.';
  END IF;
END
$$;
