using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Storage;

/// <summary>Reads what is committed, beside the writer, on one connection whose statements stay prepared.</summary>
internal sealed class SqliteReader(IOptions<DatabaseOptions> options, ILoggerFactory loggers) : IDisposable
{
    private readonly Lock turn = new();
    private SqliteStatements? statements;

    /// <summary>Reads. The file is at hand: whoever waits here waits for less than it would take to do anything else meanwhile.</summary>
    public T Read<T>(Func<SqliteStatements, T> read)
    {
        lock (turn)
        {
            try
            {
                return read(statements ??= SqliteStatements.Open(options.Value, loggers));
            }
            catch
            {
                // Whatever went wrong, the connection is not to be relied on.
                Close();
                throw;
            }
        }
    }

    public void Dispose() => Close();

    private void Close()
    {
        statements?.Dispose();
        statements = null;
    }
}
