namespace Dfns.Registration.Api.Wire;

/// <summary>
/// What is certain of a request, as far as it went: for its log line and the audit trail, which tell nothing that a client merely wrote. One
/// for each request.
/// </summary>
internal sealed class RequestFacts
{
    /// <summary>The organisation that it was about, which exists; null as long as that is open.</summary>
    public string? OrganisationId { get; set; }

    /// <summary>The user or service account that it came from, as a token or a credential has proven; null as long as nothing has.</summary>
    public string? CallerId { get; set; }

    /// <summary>The user whom it was about, who exists; null where there is none.</summary>
    public string? SubjectId { get; set; }

    /// <summary>The peer's address (<see cref="RequestAddress.RemoteAddress"/>); null where nobody asks, as in a command.</summary>
    public string? RemoteAddress { get; set; }

    /// <summary>The origin of the page that asks, as its browser or anybody else wrote it. It chooses among an organisation's RP IDs, and is neither logged nor told.</summary>
    public string? Origin { get; set; }

    /// <summary>Whether the answer hands out encrypted private keys of that user.</summary>
    public bool HandsOutKeys { get; set; }
}
