using System.CommandLine;
using System.CommandLine.Parsing;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>The settings of a relying party as options; what is not typed stays as it is.</summary>
internal sealed class RelyingPartyArguments
{
    private readonly Option<string?> id = new("--rp-id") { Description = "The RP id: a domain name, such as example.co." };
    private readonly Option<string[]> furtherIds = new("--further-rp-id") { Arity = ArgumentArity.ZeroOrMore, Description = "A further RP id, for pages at or below it, whose origins are named too; may be repeated. Without a value: none." };
    private readonly Option<string[]> origins = new("--origin") { Description = "An origin that may run ceremonies, such as https://app.example.co, or https://*.example.co for every host below one; may be repeated." };
    private readonly Option<string[]> relatedOrigins = new("--related-origin") { Arity = ArgumentArity.ZeroOrMore, Description = "An origin of another domain whose pages may use the passkeys too, such as https://www.example.de; browsers read of it at https://RP-ID/.well-known/webauthn; may be repeated. Without a value: none." };
    private readonly Option<string?> name = new("--rp-name") { Description = "The name that authenticators show." };
    private readonly Option<string?> attestation = new("--attestation") { Description = "none, indirect, direct or enterprise." };
    private readonly Option<string?> userVerification = new("--user-verification") { Description = "required, preferred or discouraged." };
    private readonly Option<int[]> algorithms = new("--algorithm") { Description = "A COSE algorithm number to offer, such as -7; may be repeated, most wanted first." };
    private readonly Option<bool> crossOrigin = new("--allow-cross-origin") { Description = "Whether a ceremony may run in a cross-origin frame." };
    private readonly Option<string[]> topOrigins = new("--top-origin") { Arity = ArgumentArity.ZeroOrMore, Description = "A page that may hold that frame, with --allow-cross-origin; may be repeated. Without a value: none." };
    private readonly Option<bool> requireRecovery = new("--require-recovery") { Description = "Whether end users have to bring a recovery credential." };

    private readonly Option<bool> requireSecond = new("--require-second-factor") { Description = "Whether a user who has a second factor needs it to sign in and to sign calls, which the high-level client of the official SDK cannot; else it is verified where it is sent." };
    private readonly Option<bool> refuseWallets = new("--refuse-wallets") { Description = "Whether a registration is refused that wishes for wallets, which this service does not make; else the wish is passed over." };
    private readonly Option<bool> refuseMixed = new("--refuse-mixed-scripts") { Description = "Whether new users are refused whose name mixes scripts, such as Latin and Cyrillic letters that look alike." };

    private readonly Option<bool> signCount = new("--accept-sign-count-regression") { Description = "Whether any passkey may sign although its counter did not grow, also one of a single device." };
    private readonly Option<bool> refuseSyncedCount = new("--refuse-synced-sign-count-regression") { Description = "Whether a passkey that may be backed up is refused when its counter did not grow; else it is accepted and noted, since its copies count each for itself." };
    private readonly Option<bool> refuseEligibility = new("--refuse-backup-eligibility-change") { Description = "Whether a passkey is refused that says by now otherwise whether it may be backed up; else that is accepted, noted and kept, since password managers have changed it." };

    private readonly Option<bool> refuseNone = new("--refuse-no-attestation") { Description = "Whether passkeys without attestation are refused." };
    private readonly Option<bool> refuseSelf = new("--refuse-self-attestation") { Description = "Whether passkeys are refused that attest with their own key; with --refuse-no-attestation." };
    private readonly Option<bool> requireRoot = new("--require-trusted-root") { Description = "Whether attestation certificates must lead to a trusted root; with --refuse-no-attestation and --refuse-self-attestation, or a passkey without certificates would pass. See section Trust of the settings." };
    private readonly Option<Guid[]> allowedAaguids = new("--allowed-aaguid") { Arity = ArgumentArity.ZeroOrMore, CustomParser = ParseAaguids, Description = "A model that is accepted of new passkeys, if a trusted root attests it; may be repeated. Without a value: all." };
    private readonly Option<Guid[]> deniedAaguids = new("--denied-aaguid") { Arity = ArgumentArity.ZeroOrMore, CustomParser = ParseAaguids, Description = "A model that is refused of new passkeys: those that are registered go on signing; may be repeated. Without a value: none." };
    private readonly Option<string[]> refusedStatuses = new("--refused-status") { Arity = ArgumentArity.ZeroOrMore, Description = $"A status in metadata for which a model is refused, such as REVOKED; may be repeated. Without a value: none. One of {string.Join(", ", RelyingPartyRules.RefusableStatuses)}." };

    private readonly Option<string?> enrollUrl = new("--passkey-enroll-url") { Arity = ArgumentArity.ZeroOrOne, Description = "The page where a user creates a passkey, which https://RP-ID/.well-known/passkey-endpoints tells. Without a value: none." };
    private readonly Option<string?> manageUrl = new("--passkey-manage-url") { Arity = ArgumentArity.ZeroOrOne, Description = "The page where a user manages passkeys, which is told there too. Without a value: none." };

    private readonly ListSetting[] lists;

    public RelyingPartyArguments() => lists =
    [
        new ListSetting<string>(furtherIds, "further RP ids", isUsedByPasskeys: false, r => r.FurtherIds ?? [], (r, to) => r.FurtherIds = to, mayBeEmptied: true),
        new ListSetting<string>(origins, "origins", isUsedByPasskeys: true, r => r.Origins, (r, to) => r.Origins = to),
        new ListSetting<string>(relatedOrigins, "related origins", isUsedByPasskeys: true, r => r.RelatedOrigins ?? [], (r, to) => r.RelatedOrigins = to, mayBeEmptied: true),
        new ListSetting<string>(topOrigins, "top origins", isUsedByPasskeys: true, r => r.TopOrigins, (r, to) => r.TopOrigins = to),
        new ListSetting<int>(algorithms, "algorithms", isUsedByPasskeys: false, r => r.Algorithms, (r, to) => r.Algorithms = to),
        new ListSetting<Guid>(allowedAaguids, "allowed models", isUsedByPasskeys: false, r => r.AllowedAaguids ?? [], (r, to) => r.AllowedAaguids = to),
        new ListSetting<Guid>(deniedAaguids, "denied models", isUsedByPasskeys: false, r => r.DeniedAaguids ?? [], (r, to) => r.DeniedAaguids = to),
        new ListSetting<string>(refusedStatuses, "refused statuses", isUsedByPasskeys: false, r => r.RefusedStatuses ?? AttestationTrust.Undesired, (r, to) => r.RefusedStatuses = to),
    ];

    /// <summary>For a new organisation: the id and one origin have no default.</summary>
    public static RelyingPartyArguments ForCreation()
    {
        var arguments = new RelyingPartyArguments();
        arguments.id.Required = true;
        arguments.origins.Required = true;
        return arguments;
    }

    /// <summary>Adds the options that a command takes: all of them to set, the lists to add and to remove.</summary>
    public void AddTo(Command command, ListVerb verb = ListVerb.Set)
    {
        Option[] all =
        [
            id, furtherIds, origins, relatedOrigins, name, attestation, userVerification, algorithms, crossOrigin, topOrigins, requireRecovery, requireSecond, refuseMixed, refuseWallets, signCount, refuseSyncedCount, refuseEligibility,
            refuseNone, refuseSelf, requireRoot, allowedAaguids, deniedAaguids, refusedStatuses, enrollUrl, manageUrl,
        ];
        foreach (var option in verb == ListVerb.Set ? all : lists.Select(list => list.Option)) command.Options.Add(option);
    }

    /// <summary>Changes a relying party to what was typed.</summary>
    /// <returns>Null, or why it cannot be done.</returns>
    public string? Apply(ParseResult parsed, RelyingParty relyingParty, ListVerb verb = ListVerb.Set)
    {
        if (!parsed.CommandResult.Command.Options.Any(option => option != OperatorCommandLine.Json && option.Name is not ("--org" or "--force") && IsTyped(option))) return "Nothing was named that should change; '--help' lists what can.";
        if (lists.Select(list => list.Apply(parsed, relyingParty, verb)).FirstOrDefault(fault => fault is not null) is { } fault) return fault;
        if (verb != ListVerb.Set) return null;
        if (IsTyped(id)) relyingParty.RelyingPartyId = parsed.GetValue(id)!;
        if (IsTyped(name)) relyingParty.Name = parsed.GetValue(name)!;
        if (IsTyped(attestation)) relyingParty.Attestation = parsed.GetValue(attestation)!;
        if (IsTyped(userVerification)) relyingParty.UserVerification = parsed.GetValue(userVerification)!;
        if (IsTyped(crossOrigin)) relyingParty.AllowCrossOrigin = parsed.GetValue(crossOrigin);
        if (IsTyped(requireRecovery)) relyingParty.RecoveryRequiredForEndUsers = parsed.GetValue(requireRecovery);
        if (IsTyped(requireSecond)) relyingParty.SecondFactorOptional = !parsed.GetValue(requireSecond);
        if (IsTyped(refuseWallets)) relyingParty.RefuseWallets = parsed.GetValue(refuseWallets);
        if (IsTyped(refuseMixed)) relyingParty.RefuseMixedScripts = parsed.GetValue(refuseMixed);
        if (IsTyped(signCount)) relyingParty.AcceptSignCountRegression = parsed.GetValue(signCount);
        if (IsTyped(refuseSyncedCount)) relyingParty.RefuseSyncedSignCountRegression = parsed.GetValue(refuseSyncedCount);
        if (IsTyped(refuseEligibility)) relyingParty.RefuseBackupEligibilityChange = parsed.GetValue(refuseEligibility);
        if (IsTyped(refuseNone)) relyingParty.RefuseNoAttestation = parsed.GetValue(refuseNone);
        if (IsTyped(refuseSelf)) relyingParty.RefuseSelfAttestation = parsed.GetValue(refuseSelf);
        if (IsTyped(requireRoot)) relyingParty.RequireTrustedRoot = parsed.GetValue(requireRoot);
        if (IsTyped(enrollUrl)) relyingParty.PasskeyEnrollUrl = parsed.GetValue(enrollUrl);
        if (IsTyped(manageUrl)) relyingParty.PasskeyManageUrl = parsed.GetValue(manageUrl);
        return null;

        bool IsTyped(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    /// <summary>Why what was typed would not do what it says, as the service is set up.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="relyingParty">As it would be.</param>
    /// <param name="trust">The settings that roots and metadata come by.</param>
    /// <returns>Null where it would.</returns>
    public string? TrustFault(ParseResult parsed, RelyingParty relyingParty, TrustOptions trust)
    {
        if (parsed.GetResult(requireRoot) is { Implicit: false } && relyingParty.RequireTrustedRoot && trust is { RootsDirectory: null, MetadataSource: null })
            return "No root is trusted as the service is set up, and every passkey would be refused: set Trust:RootsDirectory or Trust:MetadataSource first, for the service and for this command.";
        if (parsed.GetResult(refusedStatuses) is { Implicit: false } && relyingParty.RefusedStatuses is { Count: > 0 } && trust.MetadataSource is null)
            return "A status is known from metadata alone, and there is none as the service is set up: no model would be refused. Set Trust:MetadataSource first, such as 'https://mds3.fidoalliance.org/', for the service and for this command.";
        return null;
    }

    /// <summary>The entries of the lists, before a change.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Entries(RelyingParty relyingParty) => [.. lists.Select(list => list.Of(relyingParty))];

    /// <summary>
    /// What a change takes away that nobody named, where a list was replaced; and what passkeys need, even where it was named.
    /// </summary>
    /// <returns>Such as <c>origins https://app.example.co</c>.</returns>
    public IReadOnlyList<string> TakenAway(IReadOnlyList<IReadOnlyList<string>> before, RelyingParty relyingParty, ListVerb verb) =>
    [
        // An RP id that has become the primary one is there as before.
        .. lists.Select((list, i) => (List: list, Gone: before[i].Except(list.Of(relyingParty), StringComparer.Ordinal).Except(list.Option == furtherIds ? relyingParty.EveryId : [], StringComparer.Ordinal).ToList()))
            .Where(taken => taken.Gone.Count > 0 && (verb == ListVerb.Set || taken.List.IsUsedByPasskeys))
            .Select(taken => $"{taken.List.What} {string.Join(' ', taken.Gone)}"),
    ];

    private static Guid[] ParseAaguids(ArgumentResult argument)
    {
        var aaguids = new List<Guid>();
        foreach (var token in argument.Tokens)
        {
            if (Guid.TryParse(token.Value, out var aaguid)) aaguids.Add(aaguid);
            else argument.AddError($"'{token.Value}' is no AAGUID; use one such as f00dbabe-0123-4567-89ab-cdef00112233.");
        }

        return [.. aaguids];
    }
}
