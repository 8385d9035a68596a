// Package e2e tests the program from outside: it builds latchkey, starts servers, runs commands, and
// checks what users, clients and operators see, on PostgreSQL and on SQLite.
//
// It owns the journeys that need the whole program, and leaves single rules to the tests of the package
// that has them. Each journey is a file:
//
//   - Tokens: refresh_tokens, refresh_race, refresh_reuse, token_verification, oauth2_libraries.
//   - Sessions: session_list, session_revocation, cookie_sessions, browser_login, swagger_ui.
//   - Accounts: own_account, email_verification, email_delivery, password_reset, password_rehash,
//     signup_race.
//   - Pages: account_pages, page_quality.
//   - Attacks: password_guessing, user_enumeration, secret_leaks, slow_clients.
//   - Administration: user_commands, user_list, user_import, many_users, disabled_users, roles,
//     last_admin, clients, audit_log, webhooks, command_errors.
//   - Operation: startup_errors, command_line, dev_mode, migrate_command, signing_keys, master_secret,
//     simultaneous_start, graceful_shutdown, kill9, database_outage.
//   - Other systems: adopt, user_import_mongo, profiles, codevoweb, and with the build tag fastapi
//     (`make fastapi`), fastapi_users and fastapi_docs.
//   - vectors runs the vectors of httpapi against the program.
//
// The world that they share is in world (the program, its servers and commands) and in the other files
// that begin with world_. The users and clients that tests and vectors name are in fixtures.
package e2e
