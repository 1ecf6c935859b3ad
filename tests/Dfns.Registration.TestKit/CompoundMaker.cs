namespace Dfns.Registration.TestKit;

public abstract partial class AttestationMaker
{
    /// <summary>Format <c>compound</c>: several statements about one credential.</summary>
    public static AttestationMaker Compound(params AttestationMaker[] makers) => Compound(_ => { }, makers);

    /// <summary>Format <c>compound</c>, its statements changed once they are made.</summary>
    /// <param name="change">Changes the list of maps of <c>fmt</c> and <c>attStmt</c>.</param>
    /// <param name="makers">Who makes the statements.</param>
    public static AttestationMaker Compound(Action<List<CborMapDraft>> change, params AttestationMaker[] makers) => new CompoundMaker(change, makers);

    private sealed class CompoundMaker(Action<List<CborMapDraft>> change, AttestationMaker[] makers) : AttestationMaker
    {
        public override string Format => "compound";

        public override CborMapDraft MakeStatement(RegistrationDraft draft, byte[] signedBytes)
        {
            var statements = makers.Select(maker => new CborMapDraft()
                .Set("fmt", Cbor.Text(maker.Format))
                .Set("attStmt", maker.MakeStatement(draft, signedBytes).ToBytes())).ToList();
            change(statements);
            // An array stands where the other formats have a map.
            return new CborMapDraft { Encoded = _ => Cbor.Array([.. statements.Select(statement => statement.ToBytes())]) };
        }
    }
}
