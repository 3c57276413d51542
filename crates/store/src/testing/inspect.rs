//! Looks at a database from outside of the store, for what the store itself doesn't show.

use std::collections::BTreeMap;

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqlSafeStr as _, SqliteConnection,
};

use crate::Text;

/// A plain connection of either kind.
enum Plain {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Plain {
    async fn open(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqliteConnection::connect(url).await.expect("the file opens"))
        } else {
            Self::Postgres(PgConnection::connect(url).await.expect("the server answers"))
        }
    }

    async fn run(&mut self, text: String) {
        let sql = sqlx::raw_sql(AssertSqlSafe(text));
        match self {
            Self::Sqlite(connection) => drop(connection.execute(sql).await.expect("a statement of a test")),
            Self::Postgres(connection) => drop(connection.execute(sql).await.expect("a statement of a test")),
        }
    }

    /// The first column of each row, as text.
    async fn column(&mut self, text: String) -> Vec<String> {
        let sql = AssertSqlSafe(text);
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await.expect("a question of a test");
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(sql).fetch_all(connection).await.expect("a question of a test");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    async fn tables(&mut self) -> Vec<String> {
        let text = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            }
            Self::Postgres(_) => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            }
        };
        self.column(text.to_owned()).await
    }

    async fn rows(&mut self, table: &str) -> Vec<String> {
        let text = match self {
            Self::Sqlite(_) => {
                let quoted = "SELECT group_concat('quote(' || name || ')', ' || '','' || ')";
                let columns =
                    self.column(format!("{quoted} FROM pragma_table_info('{table}')")).await.concat();
                format!("SELECT {columns} FROM {table} ORDER BY 1")
            }
            Self::Postgres(_) => format!("SELECT CAST(t AS TEXT) FROM {table} t ORDER BY 1"),
        };
        self.column(text).await
    }
}

/// Runs statements on the database at `url`.
pub async fn execute(url: &str, statements: &str) {
    Plain::open(url).await.run(statements.to_owned()).await;
}

/// All rows of all tables of the database at `url`, as text.
pub async fn contents(url: &str) -> BTreeMap<String, Vec<String>> {
    let mut plain = Plain::open(url).await;
    let mut contents = BTreeMap::new();
    for table in plain.tables().await {
        let rows = plain.rows(&table).await;
        contents.insert(table, rows);
    }
    contents
}

/// What the database at `url` consists of, in words that are alike for both kinds: columns, keys and indexes.
pub async fn schema(url: &str) -> Vec<String> {
    let mut plain = Plain::open(url).await;
    let texts = match plain {
        Plain::Sqlite(_) => SQLITE_SCHEMA,
        Plain::Postgres(_) => POSTGRES_SCHEMA,
    };
    let mut schema = Vec::new();
    for text in texts {
        schema.extend(plain.column((*text).to_owned()).await);
    }
    schema.sort();
    schema
}

/// Columns, foreign keys, unique and plain indexes, the partial ones marked.
const SQLITE_SCHEMA: &[&str] = &[
    "SELECT t.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END
     FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'",
    "SELECT t.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\"
     FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    "SELECT t.name || ' (' || (SELECT group_concat(i.name, ', ') FROM pragma_index_info(l.name) i) || ')'
        || CASE l.\"unique\" WHEN 1 THEN ' UNIQUE' ELSE '' END || CASE l.partial WHEN 1 THEN ' PARTIAL' ELSE '' END
     FROM sqlite_schema t, pragma_index_list(t.name) l WHERE t.type = 'table'",
];
const POSTGRES_SCHEMA: &[&str] = &[
    "SELECT table_name || '.' || column_name || ' '
        || CASE data_type WHEN 'bigint' THEN 'INTEGER' WHEN 'boolean' THEN 'INTEGER' WHEN 'bytea' THEN 'BLOB'
            WHEN 'text' THEN CASE collation_name WHEN 'C' THEN 'TEXT' ELSE 'TEXT of a locale' END ELSE data_type END
        || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
     FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT c.conrelid::regclass || '.' || a.attname || ' -> ' || c.confrelid::regclass || '.' || b.attname
     FROM pg_constraint c
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
     WHERE c.contype = 'f'",
    "SELECT x.indrelid::regclass || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
            FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number) || ')'
        || CASE WHEN x.indisunique THEN ' UNIQUE' ELSE '' END
        || CASE WHEN x.indpred IS NOT NULL THEN ' PARTIAL' ELSE '' END
     FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public'",
];

/// Prepares every SQL text on the database at `url` and returns the complaints, each with the text's name.
pub async fn complaints(url: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, name, text) in crate::texts() {
        let [of_sqlite, of_postgres] = text.both();
        // A connection each: PostgreSQL would take the first error for the end of all.
        let prepared = match Plain::open(url).await {
            Plain::Sqlite(mut connection) => connection.prepare(of_sqlite.into_sql_str()).await.map(drop),
            Plain::Postgres(mut connection) => connection.prepare(of_postgres.into_sql_str()).await.map(drop),
        };
        if let Err(error) = prepared {
            complaints.push(format!("{file}::{name}: {error}"));
        }
    }
    complaints
}

/// How the database at `url` would answer a text, one step a line. PostgreSQL is forbidden to read whole tables where
/// an index would do, so that an empty table shows what a large one would.
pub async fn plan(url: &str, text: Text) -> Vec<String> {
    let [of_sqlite, of_postgres] = text.both();
    match Plain::open(url).await {
        Plain::Sqlite(mut connection) => {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {of_sqlite}"));
            let rows = sqlx::query(explain).fetch_all(&mut connection).await.expect("a text of the store");
            rows.iter().map(|row| row.get("detail")).collect()
        }
        mut postgres @ Plain::Postgres(_) => {
            let places = (1..=20).rev().find(|place| of_postgres.contains(&format!("${place}"))).unwrap_or(0);
            let nulls =
                if places == 0 { String::new() } else { format!("({})", vec!["NULL"; places].join(", ")) };
            postgres
                .run("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan".to_owned())
                .await;
            postgres.run(format!("PREPARE text AS {of_postgres}")).await;
            postgres.column(format!("EXPLAIN (COSTS OFF) EXECUTE text{nulls}")).await
        }
    }
}
