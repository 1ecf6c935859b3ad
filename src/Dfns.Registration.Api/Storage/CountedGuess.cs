using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>A guess at a code that was counted before it was compared, and was right: what it opens takes the count back.</summary>
/// <param name="Purpose">Of the code.</param>
/// <param name="OrganisationId">Of its user.</param>
/// <param name="UserId">Whose code it is.</param>
/// <param name="CodeHash">The hash that was compared: the code opens nothing once another has taken its place.</param>
/// <param name="Budget">The budget that it was counted in.</param>
/// <param name="BudgetEndsAt">The window that it was counted in, by its end: seconds since 1970 UTC.</param>
internal sealed record CountedGuess(CodePurpose Purpose, string OrganisationId, string UserId, byte[] CodeHash, byte[] Budget, long BudgetEndsAt);

/// <summary>Takes the counts of guesses back.</summary>
internal static class CountedGuesses
{
    private const string Budget = "UPDATE attempt_budgets SET used = used - 1 WHERE id = {0} AND window_ends_at = {1} AND used > 0";
    private const string Code =
        """
        UPDATE codes SET failed_attempts = failed_attempts - 1
        WHERE organisation_id = {0} AND user_id = {1} AND purpose = {2} AND (code_hash = {3} OR earlier_code_hash = {3}) AND consumed_at IS NULL AND failed_attempts > 0
        """;

    private static readonly string BudgetByPosition = Statements.ByPosition(Budget, 2);
    private static readonly string CodeByPosition = Statements.ByPosition(Code, 4);

    /// <summary>Takes the count of a right guess back, unless its code was spent or replaced since.</summary>
    /// <returns>False for such a one; then what it opens is not to be opened.</returns>
    public static async Task<bool> ReturnAsync(this RegistrationDbContext db, CountedGuess guess, CancellationToken ct)
    {
        // The code's row first: whatever ends the code waits there.
        var isGood = await db.Database.ExecuteSqlRawAsync(Code, OfCode(guess), ct) == 1;
        await db.Database.ExecuteSqlRawAsync(Budget, [guess.Budget, guess.BudgetEndsAt], ct);
        return isGood;
    }

    /// <summary>The same on SQLite, within a transaction.</summary>
    public static bool Return(this SqliteStatements statements, CountedGuess guess)
    {
        var isGood = statements.Run(CodeByPosition, OfCode(guess)) == 1;
        statements.Run(BudgetByPosition, guess.Budget, guess.BudgetEndsAt);
        return isGood;
    }

    private static object[] OfCode(CountedGuess guess) => [guess.OrganisationId, guess.UserId, guess.Purpose.ToString(), guess.CodeHash];
}
