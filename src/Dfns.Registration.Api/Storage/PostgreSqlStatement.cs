using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// Statements of PostgreSQL as they stand, with parameters by position: prepared once a connection, and sent without being looked at. EF
/// Core builds SQL of its own anew for each call that holds some; the connection, the repeating and the log are EF Core's.
/// </summary>
internal static class PostgreSqlStatement
{
    /// <summary>Runs a statement that answers with rows.</summary>
    /// <param name="db">Of PostgreSQL.</param>
    /// <param name="statement">With <c>$1</c>, <c>$2</c>, …</param>
    /// <param name="values">Of the parameters; none is null.</param>
    /// <param name="read">Reads a row.</param>
    public static Task<List<T>> ReadAsync<T>(this RegistrationDbContext db, string statement, IReadOnlyList<object> values, Func<NpgsqlDataReader, T> read) =>
        db.RunAsync([(statement, values)], async batch =>
        {
            await using var reader = await batch.ExecuteReaderAsync();
            var rows = new List<T>();
            while (await reader.ReadAsync()) rows.Add(read(reader));
            return rows;
        });

    /// <summary>Runs statements in one exchange and one transaction: all of them or none.</summary>
    public static Task RunAsync(this RegistrationDbContext db, IReadOnlyList<(string Statement, IReadOnlyList<object> Values)> statements) =>
        db.RunAsync(statements, batch => batch.ExecuteNonQueryAsync());

    private static Task<T> RunAsync<T>(this RegistrationDbContext db, IReadOnlyList<(string Statement, IReadOnlyList<object> Values)> statements, Func<NpgsqlBatch, Task<T>> run) =>
        db.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            await db.Database.OpenConnectionAsync();
            try
            {
                await using var batch = new NpgsqlBatch((NpgsqlConnection)db.Database.GetDbConnection());
                foreach (var (statement, values) in statements)
                {
                    var command = new NpgsqlBatchCommand(statement);
                    foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
                    batch.BatchCommands.Add(command);
                }

                var result = await run(batch);
                var logger = db.GetService<IDiagnosticsLogger<DbLoggerCategory.Database.Command>>().Logger;
                foreach (var (statement, _) in statements) Statements.LogRun(logger, statement);
                return result;
            }
            finally
            {
                await db.Database.CloseConnectionAsync();
            }
        });
}
