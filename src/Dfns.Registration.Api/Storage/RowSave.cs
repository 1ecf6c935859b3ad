using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Saves added and changed rows of many requests as <c>SaveChanges</c> does: on PostgreSQL with one statement for all rows that are alike,
/// in one exchange; on SQLite with one that is prepared once for them. All rows are saved, or none where one is not as its concurrency
/// tokens say.
/// </summary>
internal static class RowSave
{
    private static readonly ConcurrentDictionary<(RowType Type, EntityState State, UInt128 Changed), Alike> Known = new();

    /// <summary>Saves rows on PostgreSQL; throws as the driver does. A row that is not as its tokens say ends in an error that names its table, and no row.</summary>
    /// <param name="db">Gives the connection; tracks nothing.</param>
    /// <param name="rows">None twice.</param>
    /// <param name="kept">Of which users there are to be no more rows of a kind than may be, with these.</param>
    /// <param name="now">UTC.</param>
    /// <returns>False, and nothing is saved, where <c>SaveChanges</c> has to do it: rows are to be removed, or have columns that are lists.</returns>
    public static async Task<bool> TryAsync(RegistrationDbContext db, IEnumerable<ChangedRow> rows, IReadOnlyList<KeptRows> kept, DateTimeOffset now)
    {
        var groups = Grouped(rows);
        if (groups.Exists(g => !g.Alike.HasArrays)) return false;
        // Whoever's rows are counted is locked in the turn of changed users.
        var lockedAfter = groups.TakeWhile(g => g.Alike.Turn == 0).Count();
        await db.RunAsync([.. groups[..lockedAfter].Select(Sent), .. UserRows.Lock(kept), .. groups[lockedAfter..].Select(Sent), .. UserRows.Keep(kept, now)]);
        return true;

        static (string, IReadOnlyList<object>) Sent((Alike Alike, List<ChangedRow> Rows) group) => (group.Alike.OnPostgreSql, group.Alike.Arrays(group.Rows));
    }

    /// <summary>Saves rows on SQLite, within a transaction.</summary>
    /// <param name="statements">The transaction.</param>
    /// <param name="rows">None twice.</param>
    /// <returns>False where <c>SaveChanges</c> has to do it: rows are to be removed. What was saved before that is the caller's to roll back.</returns>
    /// <exception cref="DbUpdateConcurrencyException">A row is not as its tokens say.</exception>
    public static bool Try(SqliteStatements statements, IEnumerable<ChangedRow> rows)
    {
        foreach (var (alike, group) in Grouped(rows))
        {
            if (!alike.IsSaved) return false;
            foreach (var row in group)
                if (statements.Run(alike.OnSqlite, alike.Values(row)) != 1) throw new DbUpdateConcurrencyException();
        }

        return true;
    }

    // By key, so that no two instances wait for each other's rows. Changes come first, since they find out who was too late; in either, rows
    // that others refer to come before those, as in a Revocation.
    private static List<(Alike Alike, List<ChangedRow> Rows)> Grouped(IEnumerable<ChangedRow> rows) =>
    [
        .. rows.OrderBy(r => r.Key, StringComparer.Ordinal)
            .GroupBy(r => Known.GetOrAdd((r.Type, r.State, r.Changed), static of => new Alike(of.Type, of.State, of.Changed)), (alike, group) => (alike, group.ToList()))
            .OrderBy(g => g.alike.Turn).ThenBy(g => g.alike.OnSqlite, StringComparer.Ordinal),
    ];

    /// <summary>Rows of one table that are added, or of which the same columns have changed.</summary>
    private sealed class Alike
    {
        // No table is so deep.
        private const int AllChanges = 100;

        private readonly RowType type;
        // Of a change: the key, the tokens as they were, and what has changed.
        private readonly List<int> sent;
        private readonly int keys;
        private readonly int compared;

        public Alike(RowType type, EntityState state, UInt128 changed)
        {
            this.type = type;
            IsSaved = state is EntityState.Added or EntityState.Modified;
            var written = state == EntityState.Added ? [.. Enumerable.Range(0, type.Columns.Count)] : type.Of(changed).ToList();
            HasArrays = IsSaved && written.TrueForAll(n => type.Columns[n].IsScalar);
            if (state == EntityState.Modified)
            {
                (keys, compared) = (type.Key.Count, type.Key.Count + type.Tokens.Count);
                sent = [.. type.Key, .. type.Tokens, .. written];
                Turn = type.Depth;
                OnSqlite = $"UPDATE {type.Name} SET {Joined(", ", compared.., n => $"{Name(n)} = ${n + 1}")} WHERE {Joined(" AND ", ..compared, n => $"{Name(n)} {(n < keys ? "=" : "IS")} ${n + 1}")}";
                // An error, in words that the database logs, unless every row was there as its tokens say: what has changed by then is taken back with all the rest.
                OnPostgreSql =
                    $"""
                    WITH changed AS (
                        UPDATE {type.Name} AS t SET {Joined(", ", compared.., n => $"{Name(n)} = a.c{n}")}
                        FROM unnest({Joined(", ", .., n => $"${n + 1}")}) WITH ORDINALITY AS a ({Joined(", ", .., n => $"c{n}")}, place)
                        WHERE place BETWEEN 1 AND 1000000 AND {Joined(" AND ", ..compared, n => $"t.{Name(n)} {(n < keys ? "=" : "IS NOT DISTINCT FROM")} a.c{n}")} RETURNING 1)
                    SELECT (CASE WHEN (SELECT count(*) FROM changed) = cardinality($1) THEN '1' ELSE 'another request has changed a row of {type.Name} meanwhile' END)::int
                    """;
                return;
            }

            sent = written;
            Turn = AllChanges + type.Depth;
            var (into, parameters) = ($"INSERT INTO {type.Name} ({Joined(", ", .., Name)})", Joined(", ", .., n => $"${n + 1}"));
            (OnSqlite, OnPostgreSql) = ($"{into} VALUES ({parameters})", $"{into} SELECT * FROM unnest({parameters})");
        }

        /// <summary>False of rows that are to be removed.</summary>
        public bool IsSaved { get; }

        /// <summary>Whether PostgreSQL can be sent an array for each column.</summary>
        public bool HasArrays { get; }

        public string OnPostgreSql { get; }

        public string OnSqlite { get; }

        public int Turn { get; }

        /// <summary>The values of one row.</summary>
        public object?[] Values(ChangedRow row)
        {
            var values = new object?[sent.Count];
            for (var n = 0; n < values.Length; n++) values[n] = type.Columns[sent[n]].Stored(Value(row, n));
            return values;
        }

        /// <summary>One array a parameter, one element a row.</summary>
        public object[] Arrays(List<ChangedRow> rows)
        {
            var values = new object[sent.Count];
            for (var n = 0; n < values.Length; n++)
            {
                var place = n;
                values[n] = type.Columns[sent[n]].Stored(rows.Count, r => Value(rows[r], place));
            }

            return values;
        }

        private object? Value(ChangedRow row, int place) => place >= keys && place < compared ? row.Before(sent[place]) : type.Columns[sent[place]].Read(row.Row);

        private string Name(int place) => type.Columns[sent[place]].Name;

        private string Joined(string separator, Range places, Func<int, string> text)
        {
            var (first, count) = places.GetOffsetAndLength(sent.Count);
            return string.Join(separator, Enumerable.Range(first, count).Select(text));
        }
    }
}
