using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Storage;

/// <summary>A guess at a code that was counted before it was compared, and was right: what it opens takes the count back.</summary>
/// <param name="Purpose">Of the code.</param>
/// <param name="OrganisationId">Of its user.</param>
/// <param name="UserId">Whose code it is.</param>
/// <param name="CodeHash">The hash that was compared: the code opens nothing once another is in its place.</param>
/// <param name="Budget">The budget that it was counted in.</param>
/// <param name="BudgetEndsAt">The window that it was counted in, by its end: seconds since 1970 UTC.</param>
internal sealed record CountedGuess(CodePurpose Purpose, string OrganisationId, string UserId, byte[] CodeHash, byte[] Budget, long BudgetEndsAt);

/// <summary>Takes the counts of guesses back.</summary>
internal static class CountedGuesses
{
    /// <summary>Takes the count of a right guess back, unless its code was spent or replaced since.</summary>
    /// <returns>False for such a one; then what it opens is not to be opened.</returns>
    public static async Task<bool> ReturnAsync(this RegistrationDbContext db, CountedGuess guess, CancellationToken ct)
    {
        var purpose = guess.Purpose.ToString();
        FormattableString budget =
            $"UPDATE attempt_budgets SET used = used - 1 WHERE id = {guess.Budget} AND window_ends_at = {guess.BudgetEndsAt} AND used > 0";
        FormattableString code =
            $"""
            UPDATE codes SET failed_attempts = failed_attempts - 1
            WHERE organisation_id = {guess.OrganisationId} AND user_id = {guess.UserId} AND purpose = {purpose}
                AND code_hash = {guess.CodeHash} AND consumed_at IS NULL AND failed_attempts > 0
            """;
        // The code's row first: whatever ends the code waits there.
        var isGood = await db.Database.ExecuteSqlAsync(code, ct) == 1;
        await db.Database.ExecuteSqlAsync(budget, ct);
        return isGood;
    }
}
