using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class RelatedOrigins : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "passkey_enroll_url",
                table: "relying_parties",
                type: "character varying(2048)",
                maxLength: 2048,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "passkey_manage_url",
                table: "relying_parties",
                type: "character varying(2048)",
                maxLength: 2048,
                nullable: true);

            migrationBuilder.AddColumn<List<string>>(
                name: "related_origins",
                table: "relying_parties",
                type: "text[]",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "passkey_enroll_url",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "passkey_manage_url",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "related_origins",
                table: "relying_parties");
        }
    }
}
