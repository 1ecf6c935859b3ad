using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.Codes;

/// <summary>What the flows have set of mailed codes, each of those that open it.</summary>
internal sealed class CodeOptions
{
    /// <summary>How long a code of each purpose is good for.</summary>
    public Dictionary<CodePurpose, TimeSpan> Lifetimes { get; } = [];

    /// <summary>How long whoever is invited can register; <c>Registration:InvitationLifetime</c>.</summary>
    public TimeSpan InvitationLifetime { get; set; }

    /// <summary>Wrong guesses after which a code is locked until a new one is sent; <c>Registration:MaxCodeFailures</c>.</summary>
    public int MaxFailures { get; set; }

    /// <summary>How long a code stands before another can be sent, of the first few; <c>Registration:ResendInterval</c>.</summary>
    public TimeSpan ResendInterval { get; set; }
}
