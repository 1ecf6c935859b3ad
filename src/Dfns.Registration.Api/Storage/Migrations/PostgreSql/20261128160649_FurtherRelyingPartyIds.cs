using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class FurtherRelyingPartyIds : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<List<string>>(
                name: "further_ids",
                table: "relying_parties",
                type: "text[]",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "relying_party_id",
                table: "ceremonies",
                type: "character varying(253)",
                maxLength: 253,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "further_ids",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "relying_party_id",
                table: "ceremonies");
        }
    }
}
