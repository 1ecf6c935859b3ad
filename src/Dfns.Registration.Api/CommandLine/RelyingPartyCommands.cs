using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Verification;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>relying-party set|add|remove</c>.</summary>
internal static class RelyingPartyCommands
{
    public static Command Make() => new("relying-party", "The relying party of an organisation: RP id, origins, policies.")
    {
        MakeVerb(ListVerb.Set, "set", "Change what an organisation demands of ceremonies; what is not named stays, 'false' after a switch turns it off, and a list becomes just what is named.", "--user-verification preferred --require-recovery"),
        MakeVerb(ListVerb.Add, "add", "Add to the lists of a relying party; what is there stays.", "--origin https://www.example.co"),
        MakeVerb(ListVerb.Remove, "remove", "Remove from the lists of a relying party; what is not named stays.", "--origin https://www.example.co"),
    };

    private static Command MakeVerb(ListVerb verb, string name, string what, string example)
    {
        var organisation = OrganisationCommands.Id();
        var force = new Option<bool>("--force") { Description = "Do it although passkeys are concerned; without it their number is told, and nothing is changed." };
        var arguments = new RelyingPartyArguments();
        var command = new Command(name, $"{what}\n\nExample: relying-party {name} --org or-30tnh-itmjs-s235s5ontr3r23h2 {example}") { organisation, force };
        arguments.AddTo(command, verb);
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
            {
                var organisations = services.GetRequiredService<OrganisationStore>();
                return await OrganisationRow.ChangeAsync(organisations, parsed.GetValue(organisation)!, AuditActions.RelyingPartyChanged, ChangeAsync, stop);

                async Task<string?> ChangeAsync(Organisation changed)
                {
                    var relyingParty = changed.RelyingParty!;
                    var (ids, verification, entries, origins) = (relyingParty.EveryId, relyingParty.UserVerification, arguments.Entries(relyingParty), relyingParty.EveryOrigin);
                    var (secondOptional, stricter) = (relyingParty.SecondFactorOptional, Refusals(relyingParty));
                    if ((arguments.Apply(parsed, relyingParty, verb) ?? arguments.TrustFault(parsed, relyingParty, services.GetRequiredService<IOptions<TrustOptions>>().Value)) is { } fault) return fault;
                    var gone = relyingParty.Without(ids);
                    if (verb == ListVerb.Remove && gone.Count > 0 && relyingParty.OriginsOfNone() is { Count: > 0 } left)
                        return $"Nothing was changed: without the RP id '{string.Join("' or '", gone)}' no passkey works at {string.Join(", ", left)}. Name what has to go with it too: {string.Join(' ', left.Select(origin => $"--origin {origin}"))}";
                    if (parsed.GetValue(force)) return null;
                    if (verb == ListVerb.Remove && origins.Except(relyingParty.EveryOrigin, StringComparer.Ordinal).FirstOrDefault(o => relyingParty.EveryOrigin.Any(entry => Admits(entry, o))) is { } admitted)
                    {
                        var entry = relyingParty.EveryOrigin.First(entry => Admits(entry, admitted));
                        return $"Nothing was changed: '{entry}' admits {admitted} all the same. Remove that too, and name each host by itself; --force takes the entry off the list.";
                    }

                    var passkeys = await organisations.CountPasskeysAsync(changed.Id, stop);
                    if (passkeys > 0 && gone.Count > 0 && await organisations.CountPasskeysAsync(changed.Id, gone, stop) is > 0 and var bound)
                    {
                        return $"Nothing was changed: {Passkeys(bound)} bound to the RP id '{string.Join("' or '", gone)}' and could not sign in under '{string.Join("' or '", relyingParty.EveryId)}'. Add --force to void them, and end the sessions that they opened; personal access tokens that were made in those stay.";
                    }

                    if (passkeys > 0 && relyingParty is { UserVerification: "required" } && verification != "required" && await organisations.CountUnverifiedPasskeysAsync(changed.Id, stop) is > 0 and var unverified)
                    {
                        return $"Nothing was changed: {Passkeys(unverified)} registered without user verification, and may not be able to sign in where it is required. Add --force to require it.";
                    }

                    if (secondOptional && !relyingParty.SecondFactorOptional && await organisations.CountSecondFactorsAsync(changed.Id, stop) is > 0 and var holders)
                    {
                        return $"Nothing was changed: {(holders == 1 ? "1 user has" : $"{holders} users have")} a second factor, and could not sign in without it; the official SDK sends none. Add --force to demand it.";
                    }

                    if (passkeys > 0 && Refusals(relyingParty).Except(stricter, StringComparer.Ordinal).ToList() is { Count: > 0 } more)
                    {
                        return $"Nothing was changed: {Passkeys(passkeys)} registered, and one {string.Join(", or ", more)} could not sign in any more. Add --force to refuse it.";
                    }

                    if (arguments.TakenAway(entries, relyingParty, verb) is not { Count: > 0 } taken) return null;
                    var keys = passkeys > 0 ? 0 : await organisations.CountKeysAsync(changed.Id, stop);
                    return passkeys + keys > 0
                        ? $"Nothing was changed: this would take away {string.Join(", and ", taken)}; {(passkeys > 0 ? Passkeys(passkeys) : keys == 1 ? "1 key is" : $"{keys} keys are")} registered with this organisation. {(verb == ListVerb.Set ? "'relying-party add' keeps what is there; --force" : "--force")} takes it away."
                        : null;
                }
            },
            ct));
        return command;
    }

    // Whether an entry admits whatever another one did, which may have been every host below a domain.
    private static bool Admits(string entry, string other) => other.StartsWith(AdmittedOrigins.Below, StringComparison.Ordinal)
        ? entry.StartsWith(AdmittedOrigins.Below, StringComparison.Ordinal) && RelyingParty.IsAtOrBelow(other[AdmittedOrigins.Below.Length..], entry[AdmittedOrigins.Below.Length..])
        : AdmittedOrigins.Admits([entry], other);

    // What is refused of passkeys that were accepted when they were registered.
    private static List<string> Refusals(RelyingParty relyingParty)
    {
        (bool IsRefused, string What)[] all =
        [
            (relyingParty.RefuseBackupEligibilityChange, "that says otherwise than before whether it may be backed up"),
            (relyingParty.RefuseSyncedSignCountRegression, "that is synced, and counts backwards"),
            (!relyingParty.AcceptSignCountRegression, "that counts backwards"),
        ];
        return [.. all.Where(a => a.IsRefused).Select(a => a.What)];
    }

    private static string Passkeys(int count) => count == 1 ? "1 passkey is" : $"{count} passkeys are";
}
