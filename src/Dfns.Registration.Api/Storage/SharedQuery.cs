using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// A look-up that requests make together: on PostgreSQL one statement for all who ask at once, on SQLite one that is prepared once. What is
/// asked stands in a table, <c>asked</c>, one row for each who asks.
/// </summary>
/// <typeparam name="TAsk">What one caller asks.</typeparam>
/// <typeparam name="TAnswer">What it is told.</typeparam>
internal sealed class SharedQuery<TAsk, TAnswer> : IAsyncDisposable
    where TAsk : notnull
    where TAnswer : class
{
    private readonly IReadOnlyList<AskedColumn<TAsk>> asked;
    private readonly Func<TableColumns, string> body;
    private readonly Func<AnswerRow, TAnswer?, TAnswer> read;
    private readonly IServiceScopeFactory scopes;
    private readonly SqliteReader reader;
    private readonly Rounds<TAsk, TAnswer?> rounds;
    private string? statement;

    /// <summary>Describes the look-up.</summary>
    /// <param name="name">For the metrics.</param>
    /// <param name="database">Where it is made.</param>
    /// <param name="asked">The columns of the table <c>asked</c>; one more, <c>n</c>, tells which row it is.</param>
    /// <param name="body">The statement from behind the definition of <c>asked</c> on: <c>SELECT a.n, … FROM asked AS a …</c>, or more definitions before it.</param>
    /// <param name="read">Reads a row of an answer behind <c>n</c>, and adds it to what the rows before it told; null at the first.</param>
    public SharedQuery(string name, SharedQueries database, IReadOnlyList<AskedColumn<TAsk>> asked, Func<TableColumns, string> body, Func<AnswerRow, TAnswer?, TAnswer> read)
    {
        (this.asked, this.body, this.read, scopes, reader) = (asked, body, read, database.Scopes, database.Reader);
        // The organisation leads whatever is asked.
        rounds = new(name, AskAsync, _ => [], ask => (string)asked[0].One(ask)!, database.Clock);
    }

    /// <summary>Looks up.</summary>
    /// <returns>What there is; null where there is no row.</returns>
    public Task<TAnswer?> AskAsync(TAsk ask, CancellationToken ct) => rounds.RideAsync(ask, ct);

    public ValueTask DisposeAsync() => rounds.DisposeAsync();

    private async Task<IReadOnlyList<TAnswer?>> AskAsync(IReadOnlyList<TAsk> asks)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<RegistrationDbContext>();
        var answers = new TAnswer?[asks.Count];
        var parameters = string.Join(", ", asked.Select((_, n) => $"${n + 1}"));
        if (db.Database.IsNpgsql())
        {
            statement ??=
                $"""
                WITH asked AS MATERIALIZED (
                    SELECT * FROM unnest({parameters}) WITH ORDINALITY AS a ({string.Join(", ", asked.Select(c => c.Name))}, n) WHERE n BETWEEN 1 AND 1000000){body(new TableColumns(db.Model))}
                """;
            await db.ReadAsync(statement, [.. asked.Select(c => c.All(asks))], row => Read(row, db.Model, answers));
            return answers;
        }

        statement ??= $"WITH asked AS (SELECT {string.Join(", ", asked.Select((c, n) => $"${n + 1} AS {c.Name}"))}, 1 AS n){body(new TableColumns(db.Model))}";
        reader.Read(statements =>
        {
            for (var n = 0; n < asks.Count; n++)
            {
                var place = new TAnswer?[1];
                statements.Read(statement, row => Read(row, db.Model, place), [.. asked.Select(c => c.One(asks[n]))]);
                answers[n] = place[0];
            }

            return 0;
        });
        return answers;
    }

    private int Read(DbDataReader row, IModel model, TAnswer?[] answers)
    {
        var n = (int)row.GetInt64(0) - 1;
        answers[n] = read(new AnswerRow(row, model), answers[n]);
        return n;
    }
}

/// <summary>Where look-ups are made.</summary>
internal sealed record SharedQueries(IServiceScopeFactory Scopes, SqliteReader Reader, TimeProvider Clock);

/// <summary>A column of what is asked.</summary>
/// <param name="Name">In the table <c>asked</c>.</param>
/// <param name="One">What one caller asks, as SQLite keeps it.</param>
/// <param name="All">What all ask, as an array for PostgreSQL.</param>
internal sealed record AskedColumn<TAsk>(string Name, Func<TAsk, object?> One, Func<IReadOnlyList<TAsk>, Array> All)
{
    public static AskedColumn<TAsk> Of<T>(string name, Func<TAsk, T> value) =>
        new(name, ask => value(ask) is DateTimeOffset instant ? instant.UtcTicks : value(ask), asks => asks.Select(value).ToArray());
}

/// <summary>The columns of tables, to be selected side by side and read by <see cref="AnswerRow"/>.</summary>
internal sealed class TableColumns(IModel model)
{
    /// <summary>All columns of a table.</summary>
    /// <typeparam name="T">Of its rows.</typeparam>
    /// <param name="alias">Of the table in the statement.</param>
    /// <param name="leftOut">Properties that are not wanted: null in the rows that are read.</param>
    public string Columns<T>(string alias, params IReadOnlyList<string> leftOut) =>
        string.Join(", ", RowType.Of(model.FindEntityType(typeof(T))!).Columns.Select(c => leftOut.Contains(c.Property.Name, StringComparer.Ordinal) ? "NULL" : $"{alias}.{c.Name}"));
}

/// <summary>A row of an answer, read from left to right.</summary>
internal sealed class AnswerRow(DbDataReader row, IModel model)
{
    private int place = 1;

    /// <summary>Reads all columns of a table.</summary>
    /// <returns>Its row; null where there is none.</returns>
    public T? Next<T>()
        where T : class
    {
        var type = RowType.Of(model.FindEntityType(typeof(T))!);
        var read = (T?)type.Read(row, place);
        place += type.Columns.Count;
        return read;
    }

    /// <summary>Leaves out all columns of a table.</summary>
    public void Skip<T>() => place += RowType.Of(model.FindEntityType(typeof(T))!).Columns.Count;

    /// <summary>Leaves out some columns.</summary>
    public void Skip(int columns) => place += columns;

    /// <summary>Reads one column.</summary>
    public T? Value<T>() => row.OrNull<T>(place++);
}
