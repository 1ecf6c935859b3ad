using System.Collections.Concurrent;

namespace Dfns.Registration.EndToEnd.Tests.Fire;

/// <summary>What one person was told of each credential, and so what has to be in the tables, may be, and must not be.</summary>
internal sealed class Ledger(string username)
{
    private readonly ConcurrentDictionary<string, Told> credentials = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<(string First, string Recovery)> pairs = [];

    public string Username => username;

    /// <summary>Whether a registration was answered with 200.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>How often a recovery was.</summary>
    public int Recoveries { get; private set; }

    /// <summary>What was told of each credential id, base64url.</summary>
    public IReadOnlyDictionary<string, Told> Credentials => credentials;

    /// <summary>Credentials that were sent together, and are stored together or not at all.</summary>
    public IReadOnlyCollection<(string First, string Recovery)> Pairs => pairs;

    public void Sent(string credentialId) => credentials[credentialId] = Told.Nothing;

    public void Sent(string first, string recovery)
    {
        Sent(first);
        Sent(recovery);
        pairs.Add((first, recovery));
    }

    public void Is(Told told, params ReadOnlySpan<string> credentialIds)
    {
        foreach (var id in credentialIds) credentials[id] = told;
    }

    public void Registered(string first, string recovery)
    {
        IsRegistered = true;
        Is(Told.Stored, first, recovery);
    }

    /// <summary>A recovery ends whatever there was, what nothing was told of included.</summary>
    public void Recovered(string first, string recovery)
    {
        Recoveries++;
        foreach (var (id, told) in credentials)
        {
            if (told != Told.Refused) credentials[id] = Told.Ended;
        }

        Is(Told.Stored, first, recovery);
    }
}

/// <summary>What was told of a credential.</summary>
internal enum Told
{
    /// <summary>Sent, and no answer came: there or not.</summary>
    Nothing,

    /// <summary>Stored.</summary>
    Stored,

    /// <summary>Refused.</summary>
    Refused,

    /// <summary>Stored, and its end was asked for without an answer.</summary>
    PerhapsEnded,

    /// <summary>Ended.</summary>
    Ended,
}
