using Microsoft.EntityFrameworkCore.Storage;
using Npgsql.EntityFrameworkCore.PostgreSQL;

namespace Dfns.Registration.Api.Storage;

/// <summary>
/// What is tried again on PostgreSQL, and how often: what is over in a moment, as a transaction that others were in the way of, or a connection
/// that was closed. Not what has been waited for already: whoever asked would wait four times as long, and so would everybody behind.
/// </summary>
internal sealed class PostgreSqlRetries(ExecutionStrategyDependencies dependencies)
    : NpgsqlRetryingExecutionStrategy(dependencies, maxRetryCount: 4, maxRetryDelay: TimeSpan.FromMilliseconds(250), errorCodesToAdd: null)
{
    protected override bool ShouldRetryOn(Exception? exception)
    {
        if (StorageFailure.IsOutOfTime(exception)) return false;
        // Of a transaction whose connection was lost the driver tells so only inside.
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (base.ShouldRetryOn(e) || StorageFailure.IsOutOfStep(e)) return true;
        }

        return false;
    }
}
