using System.CommandLine;
using System.CommandLine.Parsing;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>The settings of a relying party as options; what is not typed stays as it is.</summary>
internal sealed class RelyingPartyArguments
{
    private readonly Option<string?> id = new("--rp-id") { Description = "The RP id: a domain name, such as example.co." };
    private readonly Option<string[]> origins = new("--origin") { Description = "An origin that may run ceremonies, such as https://app.example.co; may be repeated." };
    private readonly Option<string?> name = new("--rp-name") { Description = "The name that authenticators show." };
    private readonly Option<string?> attestation = new("--attestation") { Description = "none, indirect, direct or enterprise." };
    private readonly Option<string?> userVerification = new("--user-verification") { Description = "required, preferred or discouraged." };
    private readonly Option<int[]> algorithms = new("--algorithm") { Description = "A COSE algorithm number to offer, such as -7; may be repeated, most wanted first." };
    private readonly Option<bool> crossOrigin = new("--allow-cross-origin") { Description = "Whether a ceremony may run in a cross-origin frame." };
    private readonly Option<string[]> topOrigins = new("--top-origin") { Description = "A page that may hold that frame; may be repeated." };
    private readonly Option<bool> requireRecovery = new("--require-recovery") { Description = "Whether end users have to bring a recovery credential." };

    private readonly Option<bool> signCount = new("--accept-sign-count-regression") { Description = "Whether a passkey may sign although its counter did not grow." };

    private readonly Option<bool> refuseNone = new("--refuse-no-attestation") { Description = "Whether passkeys without attestation are refused." };
    private readonly Option<bool> refuseSelf = new("--refuse-self-attestation") { Description = "Whether passkeys are refused that attest with their own key." };
    private readonly Option<bool> requireRoot = new("--require-trusted-root") { Description = "Whether attestation certificates must lead to a trusted root; see section Trust of the settings." };
    private readonly Option<Guid[]> allowedAaguids = new("--allowed-aaguid") { Arity = ArgumentArity.ZeroOrMore, CustomParser = ParseAaguids, Description = "A model that is accepted, if a trusted root attests it; may be repeated. Without a value: all." };
    private readonly Option<Guid[]> deniedAaguids = new("--denied-aaguid") { Arity = ArgumentArity.ZeroOrMore, CustomParser = ParseAaguids, Description = "A model that is refused; may be repeated. Without a value: none." };
    private readonly Option<string[]> refusedStatuses = new("--refused-status") { Arity = ArgumentArity.ZeroOrMore, Description = "A status in metadata for which a model is refused, such as REVOKED; may be repeated. Without a value: none." };

    /// <summary>For a new organisation: the id and one origin have no default.</summary>
    public static RelyingPartyArguments ForCreation()
    {
        var arguments = new RelyingPartyArguments();
        arguments.id.Required = true;
        arguments.origins.Required = true;
        return arguments;
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            id, origins, name, attestation, userVerification, algorithms, crossOrigin, topOrigins, requireRecovery, signCount,
            refuseNone, refuseSelf, requireRoot, allowedAaguids, deniedAaguids, refusedStatuses,
        })
        {
            command.Options.Add(option);
        }
    }

    public void Apply(ParseResult parsed, RelyingParty relyingParty)
    {
        if (IsTyped(id)) relyingParty.RelyingPartyId = parsed.GetValue(id)!;
        if (IsTyped(origins)) relyingParty.Origins = [.. parsed.GetValue(origins)!.Distinct(StringComparer.Ordinal)];
        if (IsTyped(name)) relyingParty.Name = parsed.GetValue(name)!;
        if (IsTyped(attestation)) relyingParty.Attestation = parsed.GetValue(attestation)!;
        if (IsTyped(userVerification)) relyingParty.UserVerification = parsed.GetValue(userVerification)!;
        if (IsTyped(algorithms)) relyingParty.Algorithms = [.. parsed.GetValue(algorithms)!.Distinct()];
        if (IsTyped(crossOrigin)) relyingParty.AllowCrossOrigin = parsed.GetValue(crossOrigin);
        if (IsTyped(topOrigins)) relyingParty.TopOrigins = [.. parsed.GetValue(topOrigins)!];
        if (IsTyped(requireRecovery)) relyingParty.RecoveryRequiredForEndUsers = parsed.GetValue(requireRecovery);
        if (IsTyped(signCount)) relyingParty.AcceptSignCountRegression = parsed.GetValue(signCount);
        if (IsTyped(refuseNone)) relyingParty.RefuseNoAttestation = parsed.GetValue(refuseNone);
        if (IsTyped(refuseSelf)) relyingParty.RefuseSelfAttestation = parsed.GetValue(refuseSelf);
        if (IsTyped(requireRoot)) relyingParty.RequireTrustedRoot = parsed.GetValue(requireRoot);
        if (IsTyped(allowedAaguids)) relyingParty.AllowedAaguids = [.. parsed.GetValue(allowedAaguids)!];
        if (IsTyped(deniedAaguids)) relyingParty.DeniedAaguids = [.. parsed.GetValue(deniedAaguids)!];
        if (IsTyped(refusedStatuses)) relyingParty.RefusedStatuses = [.. parsed.GetValue(refusedStatuses)!];

        bool IsTyped(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

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
